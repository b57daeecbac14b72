// How much of the machine was used by processes that have nothing to do with a measurement: all that the processors did, less what
// the processes involved did. A table made beside other work must say so.
import { cpus } from 'node:os'
import { usageOf } from './process-usage.ts'

/** See the module's header. */
export class OthersWatch {
  readonly #involved: readonly number[]
  readonly #machine: number
  readonly #own: number

  private constructor(involved: readonly number[], machine: number, own: number) {
    this.#involved = involved
    this.#machine = machine
    this.#own = own
  }

  /** Starts watching; the processes must live until `share` is asked. */
  static async start(involved: readonly number[]): Promise<OthersWatch> {
    return new OthersWatch(involved, busySeconds(), await secondsOf(involved))
  }

  /**
   * Part of all processors' time, 0 to 1, that others used since the start.
   * @param wallSeconds time since the start
   * @param measuredSeconds CPU seconds of the measured command, which is gone by now
   */
  async share(wallSeconds: number, measuredSeconds: number): Promise<number> {
    const others = busySeconds() - this.#machine - (await secondsOf(this.#involved)) + this.#own - measuredSeconds
    return Math.min(1, Math.max(0, others / (wallSeconds * cpus().length)))
  }
}

function busySeconds(): number {
  let milliseconds = 0
  for (const { times } of cpus()) milliseconds += times.user + times.nice + times.sys + times.irq
  return milliseconds / 1000
}

async function secondsOf(pids: readonly number[]): Promise<number> {
  const usages = await Promise.all(pids.map((pid) => usageOf(pid)))
  return usages.reduce((sum, usage) => sum + usage.cpuSeconds, 0)
}
