// A failing input made shorter as long as it fails in the same way: what a person wants to look at.

const MOST_TRIES = 2_000

/** `fails` resolves with the reason, undefined when there is none. */
export async function shrink(
  input: Uint8Array,
  fails: (input: Uint8Array) => Promise<string | undefined>,
): Promise<Uint8Array> {
  const reason = await fails(input)
  let best = input
  let tries = 0
  for (let step = best.length >> 1; step >= 1; step >>= 1) {
    for (let at = 0; at < best.length && tries < MOST_TRIES; ) {
      tries++
      const shorter = new Uint8Array(Buffer.concat([best.subarray(0, at), best.subarray(at + step)]))
      if ((await fails(shorter)) === reason) best = shorter
      else at += step
    }
  }
  return best
}
