// Row 3: each program seeds the same torrent, to one libtorrent leech or to 20 at once. Wall time is until the last leech is complete;
// CPU and memory are the seed's own, without its start.
import { join } from 'node:path'
import { mkdir } from 'node:fs/promises'
import { type Ground, libtorrent } from '@torrential/interop'
import type { Round } from '../contest.ts'
import { makeMaterial, type Material, MEBI, oneFile } from '../material.ts'
import { type Measurement } from '../measured-run.ts'
import { OURS } from '../ours.ts'
import { usageOf } from '../process-usage.ts'
import { libtorrentProgram } from '../programs.ts'
import { measureUntilFinished, type RunningSeed } from '../running.ts'
import { libtorrentSeed, ourSeed, torrentOf } from '../seeds.ts'
import type { Prepared, Workload } from '../workload.ts'

/** To one leech and to 20. */
export const seedWorkloads: readonly Workload[] = [
  workload('seed', 1, 2048 * MEBI),
  workload('seed-20', 20, 100 * MEBI),
]

function workload(name: string, leeches: number, standard: number): Workload {
  return {
    name,
    row: 3,
    title: `seed to ${leeches === 1 ? 'one libtorrent leech' : `${leeches} libtorrent leeches at once`}`,
    size: standard,
    unit: 'bytes',
    counterparts: [libtorrent],
    requires: [libtorrent],
    goals: [
      { figure: 'wall', against: 'libtorrent', atMost: 1 },
      { figure: 'cpu', against: 'libtorrent', atMost: 1 },
    ],
    space: (bytes) => (leeches + 1.2) * bytes,
    async prepare({ ground, size }) {
      const material = await makeMaterial(ground, oneFile(size))
      return seeding(ground, material, leeches, {
        [OURS]: () => ourSeed(ground, material),
        libtorrent: () => libtorrentSeed(ground, [material]),
      })
    },
  }
}

/** Seeds by name, each started and served to so many leeches in its turn. */
export function seeding(
  ground: Ground,
  material: Material,
  leeches: number,
  seeds: Readonly<Record<string, () => Promise<RunningSeed>>>,
): Prepared {
  const folders = Array.from({ length: leeches }, (_, index) => `leech-${index}`)
  return {
    contestants: Object.entries(seeds).map(([name, start]) => ({
      name,
      run: (round: Round) => serve(ground, material, folders, round, start),
    })),
    async verify(target) {
      for (const folder of folders) await material.verify(join(target, folder))
    },
  }
}

async function serve(
  ground: Ground,
  material: Material,
  folders: readonly string[],
  { target, deadline }: Round,
  start: () => Promise<RunningSeed>,
): Promise<Measurement> {
  await using seed = await start()
  const before = await usageOf(seed.pid)
  const commands = await Promise.all(
    folders.map(async (folder) => {
      const directory = join(target, folder)
      await mkdir(directory)
      const torrents = [torrentOf(material, directory)]
      return libtorrentProgram({ role: 'leech', host: ground.host, peers: seed.addresses, torrents, stay: true })
    }),
  )
  const { wallSeconds, othersShare } = await measureUntilFinished(commands, [seed.pid], deadline)
  const { cpuSeconds, peakBytes } = await usageOf(seed.pid)
  return { wallSeconds, cpuSeconds: cpuSeconds - before.cpuSeconds, peakBytes, othersShare }
}
