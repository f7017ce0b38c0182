/** What Jasmin is told. */
export interface JasminSettings {
  /** Of its SMPP server, its console, and three that it has for other parts of itself. */
  readonly ports: readonly number[];
  /** Where AMQP 0-9-1 is described, for its client. */
  readonly amqp: string;
  readonly rabbitmq: number;
  readonly redis: number;
  readonly retryS: number;
  readonly answerS: number;
}

/** So many times it delivers again: an outage of any test's length. */
const RETRIES = 1_000;

/** Its settings file. */
export function jasminSettings({ ports, amqp, rabbitmq, redis, retryS, answerS }: JasminSettings): string {
  const [smpp, console, router, clients, server] = ports;
  const listening = (port: number | undefined) => ({ bind: "127.0.0.1", port });
  return Object.entries({
    "smpp-server": { ...listening(smpp), responseTimerSecs: answerS, billing_feature: "False" },
    jcli: { ...listening(console), authentication: "False" },
    router: listening(router),
    "client-management": listening(clients),
    "smpp-server-pb": listening(server),
    "amqp-broker": { port: rabbitmq, spec: amqp },
    "redis-client": { port: redis },
    "deliversm-thrower": { retry_delay: retryS, max_retries: RETRIES },
  })
    .map(([name, of]) => [`[${name}]`, ...Object.entries(of).map(([key, value]) => `${key} = ${value}`)])
    .map((lines) => `${lines.join("\n")}\n`)
    .join("\n");
}
