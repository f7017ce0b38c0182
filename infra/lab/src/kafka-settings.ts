/** What a broker of the lab is told. */
export interface KafkaSettings {
  readonly dir: string;
  readonly port: number;
  readonly controllerPort: number;
  /** What it tells clients to connect to: a proxy's port, or its own. */
  readonly advertisedPort: number;
  /** A listener with SCRAM-SHA-512 over TLS; `keystore` is a PEM file with key and certificate. */
  readonly secure?: { readonly port: number; readonly advertisedPort: number; readonly keystore: string };
  /** Whether those who sign in may do only what somebody has allowed them, but for this one, who may do everything. */
  readonly superUser?: string;
}

/**
 * `server.properties` of a single node that is broker and controller. The timeouts make a restart take 3 seconds
 * rather than 13; the replication factors are those of a single node and of nothing else.
 */
export function serverProperties(settings: KafkaSettings): string {
  const { dir, port, controllerPort, advertisedPort, secure, superUser } = settings;
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
    "node.id=1",
    `listeners=${listeners.join(",")}`,
    `advertised.listeners=${advertised.join(",")}`,
    "controller.listener.names=CONTROLLER",
    "inter.broker.listener.name=PLAINTEXT",
    "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL",
    `controller.quorum.bootstrap.servers=127.0.0.1:${controllerPort}`,
    `log.dirs=${dir}/data`,
    "auto.create.topics.enable=false",
    "offsets.topic.replication.factor=1",
    "offsets.topic.num.partitions=1",
    "transaction.state.log.replication.factor=1",
    "transaction.state.log.min.isr=1",
    "transaction.state.log.num.partitions=1",
    "share.coordinator.state.topic.replication.factor=1",
    "share.coordinator.state.topic.min.isr=1",
    "share.coordinator.state.topic.num.partitions=1",
    "group.initial.rebalance.delay.ms=0",
    "broker.session.timeout.ms=1000",
    "broker.heartbeat.interval.ms=100",
  );
  return lines.join("\n") + "\n";
}
