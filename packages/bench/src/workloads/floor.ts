// How low we could get at all: rows whose goals are missed, with one contestant more, a program of a hundred lines that does nothing but what
// Node.js needs for the task, on one thread (programs/bare). A library also checks, limits, tells and resumes; it can be below only by doing
// several things at once.
import { libtorrent, type Payload } from '@torrential/interop'
import { fileTree, makeMaterial, MEBI, oneFile } from '../material.ts'
import { measure } from '../measured-run.ts'
import { bareProgram } from '../programs.ts'
import { startSeed } from '../running.ts'
import { libtorrentSeed, ourSeed, torrentOf } from '../seeds.ts'
import { OURS } from '../ours.ts'
import type { Workload } from '../workload.ts'
import { prepareVerification, verifyWorkloads } from './hashing.ts'
import { leechContestants } from './leech.ts'
import { seeding } from './seed.ts'

const LEECHES = 20
const ROW = 15
const verifyV2 = verifyWorkloads.find(({ name }) => name === 'verify-v2') as Workload

/** Of rows 1, 2, 3 and 6. */
export const floorWorkloads: readonly Workload[] = [
  leeching('floor-leech', 1, 1024 * MEBI, (size) => oneFile(size), { bare: {} }),
  leeching('floor-tree', 2, 400 * MEBI, (size) => fileTree(size, 20_000, MEBI / 4), {
    bare: {},
    'bare, made durable': { durable: true },
  }),
  {
    ...common('floor-seed-20', 3, 100 * MEBI),
    space: (size) => (LEECHES + 1.2) * size,
    async prepare({ ground, size }) {
      const material = await makeMaterial(ground, oneFile(size))
      const config = { host: ground.host, ...torrentOf(material) }
      return seeding(ground, material, LEECHES, {
        [OURS]: () => ourSeed(ground, material),
        libtorrent: () => libtorrentSeed(ground, [material]),
        bare: () => startSeed(ground, 'bare', bareProgram('seed', config)),
      })
    },
  },
  {
    ...verifyV2,
    ...common('floor-verify-v2', 6, verifyV2.size),
    counterparts: verifyV2.counterparts,
    prepare: (stage) =>
      prepareVerification(stage, 'v2', { bare: (file, directory) => bareProgram('verify', { file, directory }) }),
  },
]

function common(name: string, row: number, size: number): Omit<Workload, 'prepare'> {
  return {
    name,
    row: ROW,
    title: `row ${row} beside the least that a Node.js program can do`,
    size,
    unit: 'bytes',
    counterparts: [libtorrent],
    requires: [libtorrent],
    goals: [],
  }
}

function leeching(
  name: string,
  row: number,
  standard: number,
  payload: (size: number) => Payload,
  bare: Readonly<Record<string, object>>,
): Workload {
  return {
    ...common(name, row, standard),
    async prepare({ ground, size }) {
      const material = await makeMaterial(ground, payload(size))
      const { addresses, pid } = await libtorrentSeed(ground, [material])
      const others = await leechContestants(ground, material, addresses, [pid])
      const least = Object.entries(bare).map(([who, options]) => ({
        name: who,
        run: async ({ target, ...limits }: { target: string; figures: string; deadline: number }) => {
          const config = { peer: addresses[0], ...torrentOf(material, target), ...options }
          return measure(bareProgram('leech', config), { ...limits, companions: [pid] })
        },
      }))
      return {
        contestants: [...others.filter((one) => one.name === OURS || one.name === libtorrent.name), ...least],
        verify: (target) => material.verify(target),
      }
    },
  }
}
