// Programs that go on running: seeds, trackers, and downloads that serve until everybody is complete. What they say are JSON lines.
import { type Ground, Program, until } from '@torrential/interop'
import type { Command, Measurement } from './measured-run.ts'
import { OthersWatch } from './others-watch.ts'
import { usageOf } from './process-usage.ts'

/** A line that a program said. */
export type Line = Readonly<Record<string, unknown>>

/** One that runs until it is stopped. */
export class Running implements AsyncDisposable {
  readonly #program: Program
  readonly #lines: Line[] = []

  constructor(name: string, { command, args, input }: Command) {
    this.#program = new Program({ name, command, args })
    this.#program.onLine((line) => {
      if (line.startsWith('{')) this.#lines.push(JSON.parse(line) as Line)
    })
    if (input !== undefined) this.#program.writeLine(input.trimEnd())
  }

  get pid(): number {
    return this.#program.pid
  }

  /** Waits for a line. @throws Error with its output when the program ends first or `deadline` milliseconds pass */
  async line(what: string, matches: (line: Line) => boolean, deadline = 600_000): Promise<Line> {
    return until(
      `${this.#program.name} ${what}`,
      () => {
        const line = this.#lines.find(matches)
        if (line === undefined) this.#program.assertRunning()
        return line
      },
      { deadline, interval: 10, detail: () => this.#program.tail() },
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.stop()
  }
}

/** Where a running seed takes connections. */
export interface RunningSeed extends AsyncDisposable {
  /** One of each session, `address:port`. */
  readonly addresses: readonly string[]
  readonly pid: number
}

/** Starts a program that says `{"addresses": […]}`, `{"ports": […]}` or `{"type": "ready", "port": N}` when it serves. */
export async function startSeed(ground: Ground, name: string, command: Command): Promise<RunningSeed> {
  const running = ground.own(new Running(name, command))
  const line = await running.line('to serve', ({ addresses, ports, type }) => {
    return addresses !== undefined || ports !== undefined || type === 'ready'
  })
  const ports = (line['ports'] ?? [line['port']]) as number[]
  const addresses = line['addresses'] as string[] | undefined
  return {
    addresses: addresses ?? ports.map((port) => `${ground.host}:${port}`),
    pid: running.pid,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  }
}

/**
 * Starts programs side by side and waits until each has said `{"finished": true}`. Wall is until the last did, CPU is the sum, peak
 * memory the largest of any one; all of them are then ended.
 * @param companions processes that take part, such as the seed
 */
export async function measureUntilFinished(
  commands: readonly Command[],
  companions: readonly number[],
  deadline: number,
): Promise<Measurement> {
  const watch = await OthersWatch.start([process.pid, ...companions])
  const start = performance.now()
  const all = commands.map((command, index) => new Running(`number ${index + 1}`, command))
  try {
    await Promise.all(all.map((one) => one.line('to finish', ({ finished }) => finished === true, deadline)))
    const wallSeconds = (performance.now() - start) / 1000
    const usages = await Promise.all(all.map(({ pid }) => usageOf(pid)))
    const cpuSeconds = usages.reduce((sum, usage) => sum + usage.cpuSeconds, 0)
    const peakBytes = Math.max(...usages.map((usage) => usage.peakBytes))
    return { wallSeconds, cpuSeconds, peakBytes, othersShare: await watch.share(wallSeconds, cpuSeconds) }
  } finally {
    await Promise.all(all.map((one) => one[Symbol.asyncDispose]()))
  }
}
