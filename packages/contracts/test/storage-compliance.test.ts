import type { AbortOptions, Geometry, PieceIndex } from '@torrential/primitives'
import { concatBytes, StorageError } from '@torrential/primitives'
import type { Storage } from '@torrential/contracts'
import { storageCompliance } from '@torrential/contracts/compliance'
import { describe, expect, test } from '@jest/globals'

/** The shortest storage that keeps the contract: every byte under its own name. */
class NaiveStorage implements Storage {
  readonly bytes = new Map<string, number>()
  readonly geometry: Geometry
  closed = false

  constructor(geometry: Geometry) {
    this.geometry = geometry
  }

  async read(piece: PieceIndex, offset: number, length: number, options?: AbortOptions): Promise<Uint8Array> {
    this.check(options)
    const result: number[] = []
    for (const slice of this.geometry.slices(piece, offset, length)) {
      for (let at = 0; at < slice.length; at++) result.push(this.byteOf(slice.file, slice.offset + at))
    }
    return Uint8Array.from(result)
  }

  async write(piece: PieceIndex, offset: number, blocks: readonly Uint8Array[], options?: AbortOptions): Promise<void> {
    this.check(options)
    const bytes = concatBytes(blocks)
    let at = 0
    for (const slice of this.geometry.slices(piece, offset, bytes.length)) {
      for (let i = 0; i < slice.length; i++) this.bytes.set(`${slice.file} ${slice.offset + i}`, bytes[at++] ?? 0)
    }
  }

  async flush(options?: AbortOptions): Promise<void> {
    this.check(options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true
  }

  byteOf(file: number, offset: number): number {
    if (this.geometry.files[file]?.pad) return 0
    const byte = this.bytes.get(`${file} ${offset}`)
    if (byte === undefined) throw new StorageError('SHORT_READ', 'never written')
    return byte
  }

  check(options: AbortOptions | undefined): void {
    options?.signal?.throwIfAborted()
    if (this.closed) throw new StorageError('STORAGE_CLOSED', 'closed')
  }
}

class OffByOne extends NaiveStorage {
  override write(piece: PieceIndex, offset: number, blocks: readonly Uint8Array[], options?: AbortOptions) {
    return super.write(piece, offset === 0 ? 0 : offset - 1, blocks, options)
  }
}

class KeepsPadding extends NaiveStorage {
  override byteOf(file: number, offset: number) {
    return this.bytes.get(`${file} ${offset}`) ?? super.byteOf(file, offset)
  }
}

class ReadsZerosForNothing extends NaiveStorage {
  override byteOf(file: number, offset: number) {
    return this.bytes.get(`${file} ${offset}`) ?? 0
  }
}

class ForgetsHighBits extends NaiveStorage {
  override byteOf(file: number, offset: number) {
    return super.byteOf(file, offset >>> 0)
  }
}

class IgnoresSignals extends NaiveStorage {
  override check(_options: AbortOptions | undefined) {
    super.check(undefined)
  }
}

class NeverCloses extends NaiveStorage {
  override async [Symbol.asyncDispose]() {}
}

class ReadsShort extends NaiveStorage {
  override async read(piece: PieceIndex, offset: number, length: number, options?: AbortOptions) {
    return (await super.read(piece, offset, length, options)).subarray(0, 16_384)
  }
}

/** The first case that a storage fails. */
async function firstFailing(make: (geometry: Geometry) => Storage): Promise<string | undefined> {
  for (const { name, run } of storageCompliance(make)) {
    const failed = await run().then(
      () => false,
      () => true,
    )
    if (failed) return name
  }
  return undefined
}

describe('storageCompliance', () => {
  test('passes a storage that keeps the contract', async () => {
    expect(await firstFailing((geometry) => new NaiveStorage(geometry))).toBeUndefined()
  })

  for (const Broken of [
    OffByOne,
    KeepsPadding,
    ReadsZerosForNothing,
    ForgetsHighBits,
    IgnoresSignals,
    NeverCloses,
    ReadsShort,
  ]) {
    test(`fails a storage that is broken in one way: ${Broken.name}`, async () => {
      expect(await firstFailing((geometry) => new Broken(geometry))).toBeDefined()
    })
  }

  test('gives every case a name of its own', () => {
    const names = storageCompliance((geometry) => new NaiveStorage(geometry)).map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  })
})
