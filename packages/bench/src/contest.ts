// A contest: every contestant does the same work several times, in turns, and what each run produced is checked before its figures
// count.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Measurement } from './measured-run.ts'
import { rotated } from './statistics.ts'

/** Where one run happens. */
export interface Round {
  /** An empty folder for what it produces. */
  readonly target: string
  /** Path of a file for GNU time. */
  readonly figures: string
  /** Milliseconds that it may take. */
  readonly deadline: number
}

/** Somebody who does the work. */
export interface Contestant {
  readonly name: string
  /** Does it once. @throws when it fails */
  run(round: Round): Promise<Measurement>
}

/** What everybody does. */
export interface Contest {
  readonly contestants: readonly Contestant[]
  /** Rounds; each contestant runs once in each. */
  readonly runs: number
  /** Folder for figures. */
  readonly folder: string
  /** Milliseconds for one run. */
  readonly deadline: number
  /** An empty folder for a run. */
  makeTarget(): Promise<string>
  /** @throws when the result is wrong */
  verify(target: string): Promise<void>
  /** Told about each run. */
  report(name: string, round: number, measurement: Measurement): void
}

/** A contestant's measurements, in the order of the rounds. */
export interface Result {
  readonly name: string
  readonly measurements: readonly Measurement[]
}

/** Runs the contest. One contestant's failure ends it: a table with a hole would be read as a result. */
export async function runContest(contest: Contest): Promise<Result[]> {
  const measurements = new Map<string, Measurement[]>(contest.contestants.map(({ name }) => [name, []]))
  for (let round = 0; round < contest.runs; round += 1) {
    for (const contestant of rotated(contest.contestants, round)) {
      const measurement = await runOnce(contest, contestant)
      measurements.get(contestant.name)?.push(measurement)
      contest.report(contestant.name, round + 1, measurement)
    }
  }
  return contest.contestants.map(({ name }) => ({ name, measurements: measurements.get(name) ?? [] }))
}

async function runOnce(contest: Contest, contestant: Contestant): Promise<Measurement> {
  const target = await contest.makeTarget()
  try {
    const figures = join(contest.folder, 'figures')
    const measurement = await contestant.run({ target, figures, deadline: contest.deadline })
    await contest.verify(target)
    return measurement
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`${contestant.name} failed: ${reason}`, { cause: error })
  } finally {
    // What a run leaves in a memory-backed folder would be missing to the next one.
    await rm(target, { recursive: true, force: true })
  }
}
