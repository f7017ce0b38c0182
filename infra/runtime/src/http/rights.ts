export const ROLES = ["custodian", "records-officer", "reviewer", "auditor", "administrator"] as const;

export type Role = (typeof ROLES)[number];

/** What one service of a deployment is to another: given to no person, and to no token that people can make. */
export const SERVICE = "service";

/** Who is asking. `id` goes into audit records, `name` only to screens. */
export interface Principal {
  readonly id: string;
  readonly name: string;
  readonly kind: "person" | "machine";
  readonly roles: readonly (Role | typeof SERVICE)[];
  /** Ids of the custodians for whom they may speak: their own, or those of their office. */
  readonly custodians?: readonly string[];
  /** Id of the session that they ask in, where it is one. */
  readonly session?: string;
  /** That the session ends soon unless the organisation's directory is asked again what they may do. */
  readonly renew?: boolean;
}

const EVERYONE = ROLES;
const STAFF = ["records-officer", "reviewer", "auditor", "administrator"] as const;
const READERS = ["records-officer", "reviewer", "auditor"] as const;

/**
 * Which roles may do what: the only such table. An administrator reads no content; who proposes is not who
 * approves (that these are two persons, whatever their roles, is for the service to check).
 */
export const RIGHTS = {
  "api.describe": EVERYONE,
  "self.read": EVERYONE,
  /** Their own sessions and passkeys. */
  "self.manage": EVERYONE,
  /** What was captured of the custodians that they speak for. */
  "self.content": ["custodian"],
  /** To link a phone of the custodians that they speak for. */
  "self.link": ["custodian"],

  "status.read": STAFF,
  "log.read": STAFF,
  "fsck.run": ["auditor", "administrator"],
  "rebuild.run": ["administrator"],
  "keys.read": ["auditor", "administrator"],
  "keys.manage": ["administrator"],
  "token.read": ["auditor", "administrator"],
  "token.manage": ["administrator"],
  "person.read": ["auditor", "administrator"],
  "person.manage": ["administrator"],
  /** Links, coverage, gaps, volumes, heads and storage: figures and intervals, no content. */
  "health.read": STAFF,
  "parked.read": ["administrator"],
  "parked.replay": ["administrator"],

  "custodian.read": STAFF,
  "custodian.manage": ["records-officer", "administrator"],
  "account.read": STAFF,
  "account.manage": ["records-officer", "administrator"],
  /** People outside whom officials write with. */
  "participant.read": READERS,
  "participant.manage": ["records-officer"],
  "post.read": STAFF,
  "post.manage": ["records-officer", "administrator"],
  "device.read": STAFF,
  "device.manage": ["records-officer", "administrator"],
  "connector.manage": ["administrator"],
  /** Custodians of their own accounts. */
  "link.confirm": ["records-officer", "custodian"],
  "scope.read": STAFF,
  "scope.manage": ["records-officer"],
  "class.read": STAFF,
  "class.manage": ["records-officer"],

  import: ["records-officer"],
  "import.read": READERS,

  "matter.open": ["records-officer", "auditor"],
  "matter.list": READERS,
  "matter.read": READERS,
  /** Notes, who has it, and what moves its clock. */
  "matter.change": ["records-officer", "auditor"],
  "matter.close": ["records-officer", "auditor"],
  "calendar.read": STAFF,
  "calendar.manage": ["records-officer"],
  "selection.change": ["records-officer", "auditor"],

  search: READERS,
  "record.view": READERS,
  export: ["records-officer", "auditor"],
  "export.read": READERS,
  "audit.read": ["auditor"],

  "hold.read": READERS,
  "hold.propose": ["records-officer"],
  "hold.approve": ["reviewer"],
  "disposal.read": READERS,
  "disposal.propose": ["records-officer"],
  "disposal.approve": ["reviewer"],

  "message.send": ["custodian"],

  /** Between the services of one deployment, under `/internal/v1`. */
  internal: [SERVICE],
} as const satisfies Record<string, readonly (Role | typeof SERVICE)[]>;

/** Everything that can be allowed or refused. */
export type Action = keyof typeof RIGHTS;

/** Whether any of the principal's roles has the right. */
export function mayDo(principal: Principal, action: Action): boolean {
  const allowed: readonly (Role | typeof SERVICE)[] = RIGHTS[action];
  return principal.roles.some((role) => allowed.includes(role));
}
