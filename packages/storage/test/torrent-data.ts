// Torrents made of nothing but a geometry and bytes that differ from piece to piece.

import { createHash } from 'node:crypto'
import type { FileStorageOptions, StoredFile } from '@torrential/storage'
import { FileStorage, HandlePool } from '@torrential/storage'
import type { Storage } from '@torrential/contracts'
import { Geometry, type PieceIndex } from '@torrential/primitives'

export const KIB = 1024

export function pieceOf(geometry: Geometry, index: number): PieceIndex {
  const piece = geometry.piece(index)
  if (piece === undefined) throw new Error(`the test has a wrong piece number: ${index}`)
  return piece
}

/** Bytes of a piece, different for every piece and seed; padding is zeros. */
export function pieceBytes(geometry: Geometry, piece: PieceIndex, seed = 1): Uint8Array {
  const bytes = rubbish(geometry.lengthOf(piece), `${seed} ${piece}`)
  let at = 0
  for (const { file, length } of geometry.slices(piece, 0, bytes.length)) {
    const extent = geometry.files[file]
    if (extent?.pad) bytes.fill(0, at, at + length)
    at += length
  }
  return bytes
}

/** Bytes without a pattern, always the same for the same seed. */
export function rubbish(length: number, seed: string): Uint8Array {
  return new Uint8Array(
    createHash('shake256', { outputLength: Math.max(1, length) })
      .update(seed)
      .digest()
      .subarray(0, length),
  )
}

export function blocksOf(bytes: Uint8Array, length = 16_384): Uint8Array[] {
  const blocks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += length) blocks.push(bytes.subarray(at, at + length))
  return blocks
}

export async function writeAll(storage: Storage, geometry: Geometry, seed = 1): Promise<void> {
  for (let index = 0; index < geometry.pieceCount; index++) {
    const piece = pieceOf(geometry, index)
    await storage.write(piece, 0, blocksOf(pieceBytes(geometry, piece, seed)))
  }
}

/** The pieces that do not read back as `writeAll` wrote them. */
export async function wrongPieces(storage: Storage, geometry: Geometry, seed = 1): Promise<number[]> {
  const wrong: number[] = []
  for (let index = 0; index < geometry.pieceCount; index++) {
    const piece = pieceOf(geometry, index)
    const expected = pieceBytes(geometry, piece, seed)
    const read = await storage.read(piece, 0, expected.length).catch(() => new Uint8Array())
    if (Buffer.compare(read, expected) !== 0) wrong.push(index)
  }
  return wrong
}

export function sha1(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha1').update(bytes).digest())
}

export interface TorrentOnDisk {
  readonly geometry: Geometry
  readonly storage: FileStorage
  readonly handles: HandlePool
}

/** A v1 torrent of `files` (path → length) below `path`. */
export function torrentOnDisk(
  path: string,
  files: Readonly<Record<string, number>>,
  options: Partial<FileStorageOptions> & { readonly handles?: HandlePool; readonly pieceLength?: number } = {},
): TorrentOnDisk {
  const { handles = new HandlePool(), pieceLength = 32 * KIB, ...rest } = options
  const geometry = new Geometry(
    'v1',
    pieceLength,
    Object.values(files).map((length) => ({ length })),
  )
  const stored: StoredFile[] = Object.keys(files).map((name) => ({ path: name }))
  return { geometry, handles, storage: new FileStorage({ geometry, files: stored, handles }, { path, ...rest }) }
}

/** The code and data of the error with which `promise` rejects. */
export async function failureOf(
  promise: Promise<unknown>,
): Promise<{ readonly code: unknown; readonly data: Readonly<Record<string, unknown>> } | undefined> {
  try {
    await promise
    return undefined
  } catch (error) {
    const { code, data } = error as { code?: unknown; data?: Readonly<Record<string, unknown>> }
    return { code, data: data ?? {} }
  }
}
