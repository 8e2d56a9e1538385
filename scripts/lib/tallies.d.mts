export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}
export function tallyVitest(file: string): Tally;
export function tallyPytest(file: string): Tally;
