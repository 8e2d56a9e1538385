/** What a callable instance does when it is called. */
interface HasCall {
  call(...args: readonly unknown[]): unknown;
}

/**
 * A base class whose instances are functions: calling one calls its method `call`. `Signature` is the type of
 * the function.
 */
export function callable<Signature>(): new () => Signature {
  function Callable(this: unknown): HasCall {
    const instance = (...args: readonly unknown[]): unknown => (instance as unknown as HasCall).call(...args);
    return Object.setPrototypeOf(instance, new.target.prototype);
  }
  return Callable as unknown as new () => Signature;
}
