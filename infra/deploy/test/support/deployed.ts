import { readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { check, DEPLOY } from "./tools.ts";

export type Settings = Readonly<Record<string, string>>;
/** By service. */
export type Deployed = Readonly<Record<string, Settings>>;

export const SERVICES = [
  "archiver",
  "capture",
  "console",
  "evidence",
  "gateway",
  "records",
  "retention",
  "witnessing",
] as const;

export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: {
    readonly template?: {
      readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
      readonly spec: PodSpec;
    };
  };
}
export interface PodSpec {
  readonly enableServiceLinks?: boolean;
  readonly automountServiceAccountToken?: boolean;
  readonly securityContext: Record<string, unknown>;
  readonly containers: readonly {
    readonly name: string;
    readonly image?: string;
    readonly args?: readonly string[];
    readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
    readonly env?: readonly { name: string; value?: string }[];
    readonly resources?: { readonly limits?: Record<string, string> };
    readonly securityContext: Record<string, unknown>;
  }[];
  readonly volumes: readonly {
    readonly name: string;
    readonly secret?: { readonly defaultMode?: number };
    readonly emptyDir?: Readonly<Record<string, unknown>>;
  }[];
}

/** The chart, as a cluster gets it. */
export async function renderChart(helm: string, ...more: string[]): Promise<string> {
  const values = join(DEPLOY, "test", "values.yaml");
  const to = ["--namespace", "records", "--kube-version", "1.33.0", "--values", values];
  return check(helm, ["template", "daybook", join(DEPLOY, "helm"), ...to, ...more]);
}

/**
 * Documents of YAML: the manifests of a rendered chart.
 *
 * @param validator `kubernetes-validate`: the Python that it came with has a reader of YAML
 */
export async function manifestsOf(rendered: string, validator: string): Promise<Manifest[]> {
  const program =
    "import json,sys,yaml; print(json.dumps([one for one in yaml.safe_load_all(sys.argv[1]) if one]))";
  return JSON.parse(
    await check(join(dirname(validator), "python3"), ["-c", program, rendered]),
  ) as Manifest[];
}

/** Pods of a rendered chart, by the name of what makes them. */
export async function podsOf(rendered: string, validator: string): Promise<Map<string, PodSpec>> {
  const manifests = await manifestsOf(rendered, validator);
  return new Map(
    manifests.flatMap(({ kind, metadata, spec }) =>
      spec?.template ? [[`${kind}/${metadata.name}`, spec.template.spec] as const] : [],
    ),
  );
}

/** The settings of the services in a chart's pods. */
export function settingsOfPods(pods: ReadonlyMap<string, PodSpec>): Deployed {
  const containers = [...pods.values()].flatMap((pod) => pod.containers).filter(({ env }) => env);
  return Object.fromEntries(
    containers.map(({ args, env = [] }) => [
      args?.[0] ?? "",
      Object.fromEntries(env.map(({ name, value }) => [name, value ?? "taken from the pod"])),
    ]),
  );
}

/** What `prepare.sh` would have put into `.env`; numbers are made at each trial. */
const PREPARED = /\$\{([A-Z_]+)(?::\?[^}]*)?\}/g;
const WITNESSED: Settings = {
  TSA_URL: "https://tsa.example.org",
  WITNESSING_URL: "https://witnessing:4480",
};
const DIRECTORY: Settings = {
  OIDC_ISSUER: "https://login.example.org/tenant",
  OIDC_CLIENT_ID: "daybook",
  OIDC_ROLES: "daybook-official=custodian,daybook-audit=auditor",
};

/** The compose file of a trial that is witnessed, as the parser of compose reads it. @param over files over it */
export async function composeModel(parser: string, into: string, ...over: string[]): Promise<ComposeModel> {
  const files: string[] = [];
  const prepared: Settings = {
    ...WITNESSED,
    ...DIRECTORY,
    CONNECTORS: over.map((name) => basename(name, ".yaml")).join(","),
  };
  for (const name of ["compose.yaml", ...over]) {
    const text = await readFile(join(DEPLOY, "compose", name), "utf8");
    const file = join(into, name);
    await writeFile(
      file,
      text.replace(PREPARED, (_, name: string) => prepared[name] ?? "1000"),
    );
    files.push(file);
  }
  const env = { ...process.env, COMPOSE_PROFILES: "witnessing" };
  const model = JSON.parse(
    await check(parser, ["-format", "json", ...files], { cwd: into, env }),
  ) as ComposeModel;
  for (const service of Object.values(model.services)) {
    // A list, where one file is over another.
    const { environment } = service;
    if (Array.isArray(environment))
      Object.assign(service, { environment: environmentFile(environment.join("\n")) });
  }
  return model;
}

export interface ComposeModel {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly command?: readonly string[] | null;
        readonly environment?: Settings;
        readonly networks?: Readonly<Record<string, unknown>>;
        readonly user?: string;
        readonly read_only?: boolean;
        readonly tmpfs?: readonly string[];
        readonly cap_drop?: readonly string[];
        readonly ports?: readonly { readonly host_ip?: string }[];
        readonly secrets?: readonly { readonly source: string; readonly target?: string }[];
      }
    >
  >;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

/** The settings that systemd gives to each service. */
export async function systemdSettings(): Promise<Deployed> {
  const folder = join(DEPLOY, "systemd");
  const common = environmentFile(await readFile(join(folder, "common.env"), "utf8"));
  const settings: Record<string, Settings> = {};
  for (const service of SERVICES) {
    const own = environmentFile(await readFile(join(folder, `${service}.env`), "utf8"));
    const secrets = await readFile(join(folder, `daybook@${service}.service.d`, "secrets.conf"), "utf8");
    const given = [...secrets.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]);
    const unset = [...secrets.matchAll(/^UnsetEnvironment=(.*)$/gm)].flatMap(([, names = ""]) =>
      names.split(" "),
    );
    const all = { ...common, ...own, ...(Object.fromEntries(given) as Settings) };
    settings[service] = Object.fromEntries(Object.entries(all).filter(([name]) => !unset.includes(name)));
  }
  return settings;
}

function environmentFile(text: string): Settings {
  return Object.fromEntries(
    text
      .split("\n")
      .filter((line) => line.trim() !== "" && !line.startsWith("#"))
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

/** Files of a folder of `infra/deploy`, whose names end so. */
export async function filesOf(folder: string, end: string): Promise<string[]> {
  const names = await readdir(join(DEPLOY, folder), { recursive: true });
  return names.filter((name) => name.endsWith(end)).map((name) => join(DEPLOY, folder, name));
}
