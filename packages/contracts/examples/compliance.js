// Checks a storage back end of one's own against the suite that the library's own back ends pass.
import { storageCompliance } from '@torrential/contracts/compliance'
import { StorageError } from '@torrential/primitives'

/** Keeps every file in an array of bytes. */
class ArrayStorage {
  #geometry
  #files
  #closed = false

  constructor(geometry) {
    this.#geometry = geometry
    this.#files = geometry.files.map(() => new Map())
  }

  async read(piece, offset, length, { signal } = {}) {
    this.#check(signal)
    const bytes = new Uint8Array(length)
    let at = 0
    for (const slice of this.#geometry.slices(piece, offset, length)) {
      const file = this.#files[slice.file]
      for (let i = 0; i < slice.length; i++) {
        const byte = this.#geometry.files[slice.file].pad ? 0 : file.get(slice.offset + i)
        if (byte === undefined) throw new StorageError('SHORT_READ', `file ${slice.file} is not there`)
        bytes[at++] = byte
      }
    }
    return bytes
  }

  async write(piece, offset, blocks, { signal } = {}) {
    this.#check(signal)
    let at = offset
    for (const block of blocks) {
      let taken = 0
      for (const slice of this.#geometry.slices(piece, at, block.length)) {
        for (let i = 0; i < slice.length; i++) this.#files[slice.file].set(slice.offset + i, block[taken++])
      }
      at += block.length
    }
  }

  async flush({ signal } = {}) {
    this.#check(signal)
  }

  async [Symbol.asyncDispose]() {
    this.#closed = true
  }

  #check(signal) {
    signal?.throwIfAborted()
    if (this.#closed) throw new StorageError('STORAGE_CLOSED', 'this storage is closed')
  }
}

let failed = 0
const cases = storageCompliance((geometry) => new ArrayStorage(geometry))
for (const { name, run } of cases) {
  try {
    await run()
    console.log(`ok      ${name}`)
  } catch (error) {
    failed++
    console.log(`not ok  ${name}: ${error.message}`)
  }
}
console.log(`${cases.length - failed} of ${cases.length} cases passed`)
if (failed > 0) process.exitCode = 1
