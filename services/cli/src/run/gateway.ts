import { checkPostgres, openPostgresPool } from "@daybook/catalogue";
import { TOPICS } from "@daybook/contract";
import { accountClient, markingsHook, quietHoursHook, remoteHook, runGateway } from "@daybook/gateway";
import { apiClient, type Config } from "@daybook/runtime";
import { createPayloadSealer } from "@daybook/stream";
import { openIngestPublicKey } from "../ingest/public-key.ts";
import { sealedPublisher } from "../up/publisher.ts";
import { database, engineProblems, openStream } from "./engines.ts";
import { peersOf, registryAuthenticator } from "./peers.ts";
import { answers, service, untilStopped } from "./service.ts";
import { GATEWAY } from "./service-settings.ts";
import { bytes } from "./settings.ts";

/** Takes messages that custodians and their offices write. Reads no record, and cannot read what it has queued. */
export const gateway = service({
  settings: GATEWAY,
  problemsOf: (config) => [
    ...engineProblems(config),
    ...(["DAYBOOK_POLICY_TOKEN", "DAYBOOK_POLICY_CA"] as const)
      .filter((name) => config[name] !== undefined && config.DAYBOOK_POLICY_URL === undefined)
      .map((name) => `DAYBOOK_POLICY_URL: is missing beside ${name}`),
  ],
  async run({ config, log, metrics, closing, signal, mount, ready }) {
    await checkPostgres(database(config), { owns: ["gateway"] });
    const stream = await openStream(config, "gateway", closing);
    const peers = peersOf(config, closing);
    const ingest = await openIngestPublicKey({ client: peers, log });
    const relayKey = config.DAYBOOK_RELAY_PUBLIC_KEY.reveal();
    const toArchiver = sealedPublisher(stream, createPayloadSealer({ publicKey: () => ingest.publicKey() }));
    const toCapture = sealedPublisher(stream, createPayloadSealer({ publicKey: () => relayKey }));
    const pool = openPostgresPool(database(config), { name: "daybook-gateway", max: 4 });
    closing.defer(() => pool.end());
    const running = runGateway(
      {
        deployment: config.DAYBOOK_DEPLOYMENT,
        pool,
        account: accountClient(peers),
        publish: (topic, ...of) => (topic === TOPICS.outbound ? toCapture : toArchiver).publish(topic, ...of),
        requestKey: bytes(config.DAYBOOK_REQUEST_KEY),
        policy: policyOf(config, closing),
        perMinute: config.DAYBOOK_RELAY_PER_MINUTE,
        expiresAfterMs: config.DAYBOOK_RELAY_EXPIRES_SECONDS * 1_000,
        mount: (routes) => mount(routes, registryAuthenticator(peers)),
        log,
        metrics,
        now: () => new Date(),
      },
      signal,
    );
    ready({
      stream: () => answers(stream.range(TOPICS.outbound, 0)),
      database: () => answers(pool.query("SELECT")),
    });
    await untilStopped(signal, [running, ingest.keep(signal)]);
  },
});

/** Our own rules first: what they refuse is shown to no other service. */
function policyOf(config: Config<typeof GATEWAY>, closing: AsyncDisposableStack) {
  const { DAYBOOK_RELAY_QUIET_HOURS: quiet } = config;
  const hooks = [
    markingsHook(config.DAYBOOK_RELAY_REFUSED_MARKINGS),
    ...(quiet ? [quietHoursHook(quiet, () => new Date())] : []),
  ];
  const { DAYBOOK_POLICY_URL: url, DAYBOOK_POLICY_TOKEN: token, DAYBOOK_POLICY_CA: ca } = config;
  if (url === undefined) return hooks;
  const client = apiClient({ url, ca, ...(token && { token: token.reveal() }) });
  closing.defer(() => client.close());
  return [...hooks, remoteHook(client)];
}
