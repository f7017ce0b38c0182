/** What a broker of the lab is told. */
export interface KafkaSettings {
  /** Its number, from 1. */
  readonly id: number;
  readonly dir: string;
  readonly port: number;
  readonly controllerPort: number;
  /** Of every broker of the cluster, its own among them: each is a controller too. */
  readonly controllerPorts: readonly number[];
  /** What it tells clients to connect to: a proxy's port, or its own. */
  readonly advertisedPort: number;
  /** A listener with SCRAM-SHA-512 over TLS; `keystore` is a PEM file with key and certificate. */
  readonly secure?: { readonly port: number; readonly advertisedPort: number; readonly keystore: string };
  /** Whether those who sign in may do only what somebody has allowed them, but for this one, who may do everything. */
  readonly superUser?: string;
}

/**
 * `server.properties` of a node that is broker and controller. The timeouts make a restart take 3 seconds rather than
 * 13; Kafka's own topics have a replica on every node, and three of them go on with two.
 */
export function serverProperties(settings: KafkaSettings): string {
  const { id, dir, port, controllerPort, controllerPorts, advertisedPort, secure, superUser } = settings;
  const replicas = controllerPorts.length;
  const inSync = replicas > 1 ? 2 : 1;
  const listeners = [`PLAINTEXT://127.0.0.1:${port}`, `CONTROLLER://127.0.0.1:${controllerPort}`];
  const advertised = [`PLAINTEXT://127.0.0.1:${advertisedPort}`];
  const lines: string[] = [];
  if (secure) {
    listeners.push(`SASL_SSL://127.0.0.1:${secure.port}`);
    advertised.push(`SASL_SSL://127.0.0.1:${secure.advertisedPort}`);
    lines.push(
      "sasl.enabled.mechanisms=SCRAM-SHA-512",
      "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=" +
        "org.apache.kafka.common.security.scram.ScramLoginModule required;",
      "ssl.keystore.type=PEM",
      `ssl.keystore.location=${secure.keystore}`,
      "ssl.client.auth=none",
    );
  }
  if (superUser !== undefined) {
    lines.push(
      "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
      // Without a password come the broker itself and the tests that make its trouble.
      `super.users=User:ANONYMOUS;User:${superUser}`,
    );
  }
  lines.push(
    "process.roles=broker,controller",
    `node.id=${id}`,
    `listeners=${listeners.join(",")}`,
    `advertised.listeners=${advertised.join(",")}`,
    "controller.listener.names=CONTROLLER",
    "inter.broker.listener.name=PLAINTEXT",
    "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL",
    `controller.quorum.bootstrap.servers=${controllerPorts.map((one) => `127.0.0.1:${one}`).join(",")}`,
    `log.dirs=${dir}/data`,
    "auto.create.topics.enable=false",
    `offsets.topic.replication.factor=${replicas}`,
    "offsets.topic.num.partitions=1",
    `transaction.state.log.replication.factor=${replicas}`,
    `transaction.state.log.min.isr=${inSync}`,
    "transaction.state.log.num.partitions=1",
    `share.coordinator.state.topic.replication.factor=${replicas}`,
    `share.coordinator.state.topic.min.isr=${inSync}`,
    "share.coordinator.state.topic.num.partitions=1",
    "group.initial.rebalance.delay.ms=0",
    "broker.session.timeout.ms=1000",
    "broker.heartbeat.interval.ms=100",
  );
  return lines.join("\n") + "\n";
}
