/** Scopes that are granted by name alone and are in no wildcard. */
const byNameAlone = new Set(["latchkey:verify-all", "latchkey:metrics:read", "latchkey:edge", "latchkey:edge-all"]);

const mostScopes = 200;
const longestScope = 128;

/** isScope tells whether the name has the form resource:action, without wildcards. */
export function isScope(name: string): boolean {
  return name.length <= longestScope && /^[a-z0-9][a-z0-9_.-]*(?::[a-z0-9][a-z0-9_.-]*)+$/.test(name);
}

/** faultOf says what is wrong with the scopes of a question; "" if nothing is. */
export function faultOf(scopes: readonly string[]): string {
  if (scopes.length > mostScopes) return `must have at most ${String(mostScopes)} entries`;
  return scopes.every(isScope) ? "" : "must be resource:action, without wildcards";
}

/** covers tells whether the grant includes the scope, which may itself be a wildcard. */
export function covers(grant: string, scope: string): boolean {
  if (grant === scope) return true;
  if (byNameAlone.has(scope)) return false;
  if (grant === "*") return true;
  return grant.length > 1 && grant.endsWith("*") && scope !== "*" && scope.startsWith(grant.slice(0, -1));
}

/** coveredBy tells whether any of the grants includes the scope. */
export function coveredBy(grants: readonly string[], scope: string): boolean {
  return grants.some((grant) => covers(grant, scope));
}

/**
 * effectiveScopes returns what a key may do: its own scopes that its account still has, or all of
 * its account's if it has none of its own.
 */
export function effectiveScopes(own: readonly string[] | null, account: readonly string[]): readonly string[] {
  if (own === null) return account;
  const both = own.flatMap((scope) => (coveredBy(account, scope) ? [scope] : account.filter((a) => covers(scope, a))));
  return [...new Set(both)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
