// The torrent that a benchmark is about, in a memory-backed folder, and its check.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { comparePayload, type Ground, makeTorrent, type Payload, writePayload } from '@torrential/interop'

/** A payload, its folder and its torrent. */
export interface Material {
  readonly payload: Payload
  /** Folder with the payload. */
  readonly source: string
  readonly torrent: Uint8Array
  /** Path of the .torrent. */
  readonly torrentFile: string
  /** Compares what a run produced, byte by byte. */
  verify(target: string): Promise<void>
}

/** Makes the material: one file of `size` bytes, 1 MiB pieces. */
export async function makeMaterial(ground: Ground, size: number): Promise<Material> {
  const payload: Payload = { name: 'payload.bin', length: size, pieceLength: 1024 * 1024, seed: 20 }
  const source = await ground.folder('source')
  await writePayload(payload, source)
  const torrent = makeTorrent(payload).bytes
  const torrentFile = join(await ground.folder('torrent'), 'payload.torrent')
  await writeFile(torrentFile, torrent)
  return {
    payload,
    source,
    torrent,
    torrentFile,
    verify: (target) => comparePayload(payload, target, { lenient: true }),
  }
}
