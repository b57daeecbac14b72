// Seeds that contestants download from, or that are contestants themselves. Those of libtorrent trust their files unless told
// otherwise: nothing is left to do for them but to send.
import type { Ground } from '@torrential/interop'
import type { Material } from './material.ts'
import { libtorrentProgram, torrentialCommand } from './programs.ts'
import { type RunningSeed, startSeed } from './running.ts'

/** How a libtorrent seed differs from its defaults. */
export interface SeedOptions {
  /** Sessions, each with a port of its own. @default 1 */
  readonly sessions?: number
  /** Bytes per second of each session and torrent. @default none */
  readonly uploadLimit?: number
  /** Peers that are served at once, -1 for all. @default 8 */
  readonly slots?: number
  /** Connections at most. @default 200 */
  readonly connections?: number
  /** Bytes of the kernel's buffer for each connection. @default what the kernel finds right */
  readonly sendBuffer?: number
  /** Has it look at its files first: of v2 and hybrid torrents it then has the hashes of blocks to give. @default false */
  readonly checked?: boolean
  /** Address to listen on. @default the ground's */
  readonly host?: string
}

/** A line of the programs' configurations for a torrent. */
export const torrentOf = ({ torrentFile, source }: Material, directory = source) => ({ file: torrentFile, directory })

/** libtorrent, with every torrent complete. */
export async function libtorrentSeed(
  ground: Ground,
  materials: readonly Material[],
  options: SeedOptions = {},
): Promise<RunningSeed> {
  const torrents = materials.map((material) => torrentOf(material))
  const command = await libtorrentProgram({ role: 'seed', host: ground.host, torrents, ...options })
  return startSeed(ground, 'libtorrent seed', command)
}

/** `torrential seed`, with a state of its own: nothing is known of an earlier run, and nothing is left behind. */
export async function ourSeed(ground: Ground, { source, torrentFile }: Material): Promise<RunningSeed> {
  const where = [
    '--path',
    source,
    '--state',
    await ground.folder('state'),
    '--host',
    ground.host,
    '--port',
    '0',
    '--no-trackers',
  ]
  return startSeed(ground, 'torrential', torrentialCommand('seed', torrentFile, ...where, '--json'))
}
