// Every workload, in the order of the rows.
import type { Workload } from '../workload.ts'
import { attackWorkloads } from './attack.ts'
import { costOfPeers, costOfSize } from './cost.ts'
import { createWorkloads, verifyWorkloads } from './hashing.ts'
import { floorWorkloads } from './floor.ts'
import { idle } from './idle.ts'
import { leechWorkloads } from './leech.ts'
import { manySeeds, manyTorrents } from './parallel-leech.ts'
import { seedWorkloads } from './seed.ts'
import { startWorkloads } from './start.ts'
import { streamWorkloads } from './stream.ts'
import { swarm } from './swarm.ts'
import { trackerWorkloads } from './tracker.ts'

/** What `bench list` prints. */
export const WORKLOADS: readonly Workload[] = [
  ...leechWorkloads,
  ...seedWorkloads,
  swarm,
  manySeeds,
  ...verifyWorkloads,
  idle,
  manyTorrents,
  ...streamWorkloads,
  ...trackerWorkloads,
  ...startWorkloads,
  costOfSize,
  costOfPeers,
  ...createWorkloads,
  ...attackWorkloads,
  ...floorWorkloads,
]
