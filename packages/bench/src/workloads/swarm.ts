// Row 4: one seed limited to 50 MB/s, ten leeches of one kind that know of each other. Wall time is until all are complete.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort, libtorrent } from '@torrential/interop'
import { makeMaterial, MEBI, oneFile } from '../material.ts'
import type { Command } from '../measured-run.ts'
import { OURS } from '../ours.ts'
import { libtorrentProgram, ourProgram } from '../programs.ts'
import { measureUntilFinished } from '../running.ts'
import { libtorrentSeed, torrentOf } from '../seeds.ts'
import type { Workload } from '../workload.ts'

const leeches = 10
const seedRate = 50_000_000

/** Row 4. */
export const swarm: Workload = {
  name: 'swarm',
  row: 4,
  title: `${leeches} leeches and one libtorrent seed of ${seedRate / 1e6} MB/s`,
  size: 256 * MEBI,
  unit: 'bytes',
  counterparts: [libtorrent],
  requires: [libtorrent],
  goals: [{ figure: 'wall', against: 'libtorrent', atMost: 1 }],
  space: (size) => (leeches + 1.2) * size,
  async prepare({ ground, size }) {
    const material = await makeMaterial(ground, oneFile(size))
    const folders = Array.from({ length: leeches }, (_, index) => `leech-${index}`)
    const contestant = (name: string, commandOf: (config: object) => Command | Promise<Command>) => ({
      name,
      async run({ target, deadline }: { target: string; deadline: number }) {
        // A new seed each time: what it remembers of the leeches before must help nobody.
        await using seed = await libtorrentSeed(ground, [material], { uploadLimit: seedRate, slots: -1 })
        const ports = await Promise.all(folders.map(() => freePort(ground.host)))
        const commands = await Promise.all(
          folders.map(async (folder, index) => {
            const directory = join(target, folder)
            await mkdir(directory)
            const others = ports.filter((_, other) => other !== index).map((port) => `${ground.host}:${port}`)
            const peers = [...seed.addresses, ...others]
            const torrents = [torrentOf(material, directory)]
            return commandOf({ role: 'leech', host: ground.host, port: ports[index], peers, torrents, stay: true })
          }),
        )
        // Awaited here: the seed is stopped when this returns.
        return await measureUntilFinished(commands, [seed.pid], deadline)
      },
    })
    return {
      contestants: [
        contestant(OURS, (config) => ourProgram('torrential-leech', config)),
        contestant('libtorrent', libtorrentProgram),
      ],
      async verify(target) {
        for (const folder of folders) await material.verify(join(target, folder))
      },
    }
  },
}
