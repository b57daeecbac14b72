// One behaviour that every implementation of a contract must show. A suite is a plain list of these, so that it runs under any
// test runner: make a test per case, named as it is, and await `run`.

/** Passes when `run` resolves, fails when it rejects. Cases are independent and may run in any order, also at once. */
export interface ComplianceCase {
  /** A sentence about behaviour. */
  readonly name: string
  readonly run: () => Promise<void>
}
