import { type Ground, libtorrent, LineDriver } from '@torrential/interop'
import type { Material } from './material.ts'

/** A libtorrent that has checked every file: nothing is left to do for it but to send, and the files are in memory. */
export async function warmSeed(ground: Ground, material: Material): Promise<LineDriver> {
  // Started as a leech, which finds everything on disk: a seed would check each piece when it is first asked for.
  const peer = await libtorrent.leech(ground, { torrent: material.torrent, directory: material.source })
  await peer.done()
  if (!(peer instanceof LineDriver)) throw new Error('libtorrent runs behind its driver')
  return peer
}
