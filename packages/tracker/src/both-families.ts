// A tracker whose name has an IPv4 and an IPv6 address is asked on both at once: each address of ours is known to it only if
// we come from there. A family that does not work must not delay the other: once one has answered, the rest get a short grace.

import type { Clock } from '@torrential/primitives'

/** Milliseconds that the second family gets once the first has answered: several round trips, far less than a timeout. */
export const FAMILY_GRACE = 3_000

/**
 * Starts all, waits for the first success and the grace, and returns the successes in order.
 * @throws the first failure when all failed
 */
export function bothFamilies<Result>(tasks: readonly Promise<Result>[], clock: Clock): Promise<Result[]> {
  return new Promise((resolve, reject) => {
    const results = new Map<number, Result>()
    let failures: { readonly first: unknown } | undefined
    let left = tasks.length
    let grace: Disposable | undefined
    const finish = () => {
      grace?.[Symbol.dispose]()
      if (results.size > 0) resolve([...results.entries()].sort(([a], [b]) => a - b).map(([, result]) => result))
      else reject(failures?.first)
    }
    for (const [index, task] of tasks.entries()) {
      const answered = (result: Result) => {
        results.set(index, result)
        left -= 1
        if (left > 0) grace ??= clock.timer(FAMILY_GRACE, finish)
        else finish()
      }
      const failed = (error: unknown) => {
        failures ??= { first: error }
        left -= 1
        if (left === 0) finish()
      }
      task.then(answered, failed)
    }
  })
}
