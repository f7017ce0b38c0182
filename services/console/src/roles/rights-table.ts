import { type Action, RIGHTS, type Role, ROLES } from "@daybook/runtime";

/** One right: which roles have it, in the order of `ROLES`. */
export interface Right {
  readonly action: Action;
  /** Key of its words. */
  readonly key: string;
  readonly roles: readonly Role[];
}

/** What people may do, in the order of the one table of rights. What passes between services is none of theirs. */
export function rightsTable(): Right[] {
  return (Object.keys(RIGHTS) as Action[])
    .filter((action) => action !== "internal")
    .map((action) => {
      const allowed: readonly string[] = RIGHTS[action];
      return {
        action,
        key: `roles:actions.${action.replaceAll(".", "-")}`,
        roles: ROLES.filter((role) => allowed.includes(role)),
      };
    });
}
