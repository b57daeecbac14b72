// What a workload is: a name, a row of the table of goals, and how its contestants come about. Everything else – turns, accounting,
// tables, comparing with the goals – is the same for all of them.
import type { Ground, Needed } from '@torrential/interop'
import type { Contestant } from './contest.ts'
import type { Goal } from './goal.ts'
import type { Column } from './table.ts'

/** One kind of work, done by each contestant in turn. */
export interface Workload {
  /** What the command line calls it. */
  readonly name: string
  /** Row of the table in docs/PERFORMANCE.md; several workloads may share one. */
  readonly row: number
  /** One line for `bench list`. */
  readonly title: string
  /** `--size` when it is not given. */
  readonly size: number
  /** What `size` counts. */
  readonly unit: 'bytes' | 'torrents' | 'swarms' | 'starts'
  /** Programs beside ourselves and libtorrent's seed; contestants have the names of these. */
  readonly counterparts: readonly Needed[]
  /** Programs that take part in every contest, whoever is chosen. */
  readonly requires?: readonly Needed[]
  /** What is printed of each contestant. @default wall, CPU and peak memory */
  readonly columns?: readonly Column[]
  readonly goals: readonly Goal[]
  /** Bytes of the folder that it fills at most. @default 2.2 × size */
  space?(size: number): number
  /** Makes the material and the contestants, ourselves first. */
  prepare(stage: Stage): Promise<Prepared>
}

/** Where a workload runs. */
export interface Stage {
  /** Stops and removes everything that was started or written on it. */
  readonly ground: Ground
  readonly size: number
  /** How long what is measured by time is measured. */
  readonly seconds: number
  /** False: `--only` leaves this contestant out, and nothing need be made for it. */
  readonly wanted: (name: string) => boolean
}

/** A workload that can begin. */
export interface Prepared {
  readonly contestants: readonly Contestant[]
  /** Compares what a run produced. Absent: each contestant compares by itself. @throws when it is wrong */
  verify?(target: string): Promise<void>
}
