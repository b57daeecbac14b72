// Waiting for another program: ask its state again and again until it is what we want, with a deadline that names what was missing.
//
// Other programs have no promise to await. The pause between two questions is not a synchronisation: the answer decides, and a
// run that never gets it fails with everything that is known about the other side.

/** How `until` waits. */
export interface UntilOptions {
  /** Milliseconds until it gives up. @default 60,000 */
  readonly deadline?: number
  /** Milliseconds between two questions. @default 25 */
  readonly interval?: number
  /** Asked once when the deadline passes; its answer ends the message. */
  readonly detail?: () => string | Promise<string>
}

/**
 * Waits until `condition` answers something other than `undefined` and `false`, and returns that answer.
 * @throws Error `still waiting for …` at the deadline, or whatever `condition` throws.
 */
export async function until<Answer>(
  what: string,
  condition: () => Promise<Answer | undefined | false> | Answer | undefined | false,
  options: UntilOptions = {},
): Promise<Answer> {
  const { deadline = 60_000, interval = 25 } = options
  const start = performance.now()
  for (;;) {
    const answer = await condition()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() - start > deadline) {
      const detail = (await options.detail?.()) ?? ''
      throw new Error(
        `still waiting for ${what} after ${Math.round(deadline / 1000)} s${detail === '' ? '' : `\n${detail}`}`,
      )
    }
    await pause(interval)
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
