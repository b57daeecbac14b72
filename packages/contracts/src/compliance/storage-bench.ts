// What the cases of a Storage have in common: the awkward geometries – pieces that span several files, empty files, files that are shorter
// than a piece, v2 gaps, padding, and offsets beyond 32 bits – and how their pieces are filled and read.

import { ok } from 'node:assert/strict'
import type { PieceIndex } from '@torrential/primitives'
import { concatBytes, Geometry } from '@torrential/primitives'
import type { Storage } from '../storage.ts'
import { pattern } from './transport-fixture.ts'

/** One storage and what it stores. */
export interface StorageBench {
  readonly storage: Storage
  readonly geometry: Geometry
}

/** What a case does, and with which torrent. */
export interface StorageBody {
  readonly geometry: () => Geometry
  run(bench: StorageBench): Promise<void>
}

export const KIB = 1024

/** 100,000 bytes in five files, two of them empty, in pieces of 32 KiB: the second piece lies in three files. */
export const spanning = () =>
  new Geometry('v1', 32 * KIB, [{ length: 40_000 }, { length: 0 }, { length: 9 }, { length: 59_991 }, { length: 0 }])
export const aligned = () =>
  new Geometry('v2', 32 * KIB, [{ length: 40_000 }, { length: 0 }, { length: 9 }, { length: 70_000 }])
export const padded = () =>
  new Geometry('hybrid', 32 * KIB, [{ length: 40_000 }, { length: 25_536, pad: true }, { length: 50_000 }])
export const enormous = () => new Geometry('v1', 32 * KIB, [{ length: 5 * KIB ** 3 + 10 }, { length: 3 * KIB ** 3 }])

/** Every piece, one behind the other. */
export async function readAll({ storage, geometry }: StorageBench): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for (let index = 0; index < geometry.pieceCount; index++) {
    const piece = pieceOf(geometry, index)
    pieces.push(await storage.read(piece, 0, geometry.lengthOf(piece)))
  }
  return concatBytes(pieces)
}

/** Writes a piece of bytes that no other piece has, in blocks of 16 KiB, and returns them; padding is zeros. */
export async function fill(storage: Storage, geometry: Geometry, piece: PieceIndex): Promise<Uint8Array> {
  const bytes = pattern(geometry.lengthOf(piece), piece + 1)
  let at = 0
  for (const { file, length } of geometry.slices(piece, 0, bytes.length)) {
    if (geometry.files[file]?.pad === true) bytes.fill(0, at, at + length)
    at += length
  }
  await storage.write(piece, 0, blocksOf(bytes, 16_384))
  return bytes
}

export function blocksOf(bytes: Uint8Array, length: number): Uint8Array[] {
  const blocks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += length) blocks.push(bytes.subarray(at, at + length))
  return blocks
}

export function pieceOf(geometry: Geometry, index: number): PieceIndex {
  const piece = geometry.piece(index)
  ok(piece !== undefined, `the suite has a wrong piece number: ${index}`)
  return piece
}

export function isAbsent(code: unknown): boolean {
  return code === 'FILE_MISSING' || code === 'SHORT_READ'
}
