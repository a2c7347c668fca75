/** The user `nobody`: Postgres refuses to run as root, and what a person pastes is not for root here. */
export const NOBODY = 65534;

export const isRoot = process.getuid?.() === 0;

/** Runs a program as another user, where that is possible. */
export function asUser(user: number): { uid?: number; gid?: number } {
  return isRoot ? { uid: user, gid: user } : {};
}
