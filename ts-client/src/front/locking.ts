/** How long to wait for a lock: one that died with it in its hands is waited out. */
export const LOCKING = {
  stale: 5000,
  retries: { retries: 100, factor: 1, minTimeout: 100, maxTimeout: 100 },
  // A process that stood still for long may lose the lock; that must not end it.
  onCompromised: () => {},
};
