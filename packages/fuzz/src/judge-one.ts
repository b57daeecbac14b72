// One input to one surface: what it throws, how long it takes, and what memory it takes hold of.
//
// Time is judged only when it is far out, and only when it is so three times: other programs use the machine too. Memory is judged
// by the buffers that are there after the input and were not before: an allocation from a claimed length shows there, and the
// garbage collector can only make it look better.

import type { Surface, Verdict } from './surface.ts'
import { Finding } from './surface.ts'

/** Milliseconds for an input of at most 64 KiB; good ones take well below one. */
const MOST_TIME = 1_000
/** Bytes of buffers, beside 64 for each byte of the input. */
const MOST_BUFFERS = 4 * 2 ** 20

/** Resolves with the verdict. @throws whatever is wrong */
export async function judgeOne(surface: Surface, input: Uint8Array): Promise<Verdict> {
  const before = process.memoryUsage().arrayBuffers
  const start = performance.now()
  const verdict = await judgeApart(surface, input)
  const time = performance.now() - start
  const grown = process.memoryUsage().arrayBuffers - before
  if (grown > MOST_BUFFERS + 64 * input.length) throw new Finding(`${grown} bytes of buffers for ${input.length} bytes`)
  if (time > MOST_TIME) await confirmSlow(surface, input, time)
  return verdict
}

/** The input is as it was afterwards, or a later use of the same bytes would be another input. */
async function judgeApart(surface: Surface, input: Uint8Array): Promise<Verdict> {
  const copy = input.slice()
  const verdict = await surface.judge(copy)
  if (Buffer.compare(copy, input) !== 0) throw new Finding('the input was written to')
  return verdict
}

async function confirmSlow(surface: Surface, input: Uint8Array, first: number): Promise<void> {
  let best = first
  for (let again = 0; again < 3; again++) {
    const start = performance.now()
    await surface.judge(input.slice())
    best = Math.min(best, performance.now() - start)
  }
  if (best > MOST_TIME) throw new Finding(`${Math.round(best)} ms for ${input.length} bytes`)
}
