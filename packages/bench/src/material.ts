// The torrent that a workload is about, in a memory-backed folder, and its check.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { comparePayload, type Ground, makeTorrent, type Payload, writePayload } from '@torrential/interop'

/** A payload, its folder and its torrent. */
export interface Material {
  readonly payload: Payload
  /** Folder with the payload. */
  readonly source: string
  /** Path of the .torrent. */
  readonly torrentFile: string
  /** Compares what a run produced, byte by byte. */
  verify(target: string): Promise<void>
}

/** A mebibyte. */
export const MEBI = 2 ** 20

/** Makes the material of a payload. */
export async function makeMaterial(ground: Ground, payload: Payload): Promise<Material> {
  const source = await ground.folder('source')
  await writePayload(payload, source)
  const torrentFile = join(await ground.folder('torrent'), `${payload.name}.torrent`)
  await writeFile(torrentFile, makeTorrent(payload).bytes)
  return { payload, source, torrentFile, verify: (target) => comparePayload(payload, target, { lenient: true }) }
}

/** One file of `length` bytes. */
export function oneFile(length: number, pieceLength = MEBI, name = 'payload.bin', seed = 20): Payload {
  return { name, length, pieceLength, seed }
}

/** A tree of `count` files of equal length in folders of 200. */
export function fileTree(length: number, count: number, pieceLength: number): Payload {
  const each = Math.max(1, Math.floor(length / count))
  const files = Array.from({ length: count }, (_, index) => ({
    path: `folder-${Math.floor(index / 200)}/file-${index}`,
    length: each,
  }))
  return { name: 'tree', files, pieceLength, seed: 21 }
}
