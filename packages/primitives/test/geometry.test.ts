import { setFlagsFromString } from 'node:v8'
import { runInThisContext } from 'node:vm'
import type { GeometryKind, PieceIndex, SourceFile } from '@torrential/primitives'
import { BLOCK_LENGTH, Geometry, GEOMETRY_LIMITS } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'

const code = (of: string) => expect.objectContaining({ name: 'InputError', code: of })

/** Piece by piece, byte by byte, which file each byte belongs to: written down, not calculated. */
function model(kind: GeometryKind, pieceLength: number, files: readonly SourceFile[]) {
  const pieces: { readonly file: number; readonly offset: number }[][] = []
  files.forEach(({ length }, file) => {
    for (let offset = 0; offset < length; offset++) {
      const last = pieces.at(-1)
      const startsPiece = kind === 'v2' && offset === 0
      if (last === undefined || last.length === pieceLength || startsPiece) pieces.push([{ file, offset }])
      else last.push({ file, offset })
    }
  })
  return pieces
}

const v1Case = fc.record({
  kind: fc.constant<GeometryKind>('v1'),
  pieceLength: fc.integer({ min: 1, max: 9 }),
  files: fc.array(fc.record({ length: fc.integer({ min: 0, max: 25 }), pad: fc.boolean() }), { maxLength: 8 }),
})

/** v2 and hybrid need pieces of 16 KiB or more, so these files are few and their lengths are near the edges. */
const edge = fc
  .tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: -1, max: 1 }))
  .map(([pieces, off]) => ({ length: Math.max(0, pieces * BLOCK_LENGTH + off) }))
const v2Case = fc.record({
  kind: fc.constantFrom<GeometryKind>('v2', 'hybrid'),
  pieceLength: fc.constant(BLOCK_LENGTH),
  files: fc.array(edge, { maxLength: 4 }),
})

function checkAgainstModel(kind: GeometryKind, pieceLength: number, files: readonly SourceFile[], ranges: boolean) {
  const geometry = new Geometry(kind, pieceLength, files)
  const pieces = model(kind, pieceLength, files)
  const mistakes: string[] = []
  const same = (what: string, a: unknown, b: unknown) => {
    if (a !== b) mistakes.push(`${what}: ${String(a)}, not ${String(b)}`)
  }
  same('pieces', geometry.pieceCount, pieces.length)
  pieces.forEach((bytes, index) => {
    const piece = geometry.piece(index)!
    same(`length of ${index}`, geometry.lengthOf(piece), bytes.length)
    const starts = ranges ? bytes.map((_, at) => at) : [0, 1, bytes.length - 1]
    for (const start of starts) {
      const lengths = ranges ? bytes.slice(start).map((_, at) => at + 1) : [1, bytes.length - start]
      for (const length of lengths) {
        if (start + length > bytes.length || length < 1) continue
        let at = start
        for (const slice of geometry.slices(piece, start, length)) {
          if (slice.length < 1) mistakes.push(`an empty slice at ${at}`)
          for (let i = 0; i < slice.length; i += ranges ? 1 : Math.max(1, slice.length - 1)) {
            same(`file of ${index}:${at + i}`, slice.file, bytes[at + i]?.file)
            same(`offset of ${index}:${at + i}`, slice.offset + i, bytes[at + i]?.offset)
          }
          at += slice.length
        }
        same(`slices of ${index} from ${start} cover`, at, start + length)
      }
    }
  })
  checkFiles(geometry, pieces, same)
  return mistakes
}

function checkFiles(
  geometry: Geometry,
  pieces: ReturnType<typeof model>,
  same: (what: string, a: unknown, b: unknown) => void,
) {
  geometry.files.forEach((file, index) => {
    const holding = pieces.flatMap((bytes, piece) => (bytes.some((byte) => byte.file === index) ? [piece] : []))
    const { start, end } = geometry.piecesOf(index)
    same(`pieces of file ${index}`, holding.length, end - start)
    if (holding.length > 0) same(`first piece of file ${index}`, start, holding[0])
    for (const offset of new Set([0, 1, file.length - 1])) {
      if (offset < 0 || offset >= file.length) continue
      const at = geometry.locate(index, offset)
      const byte = pieces[at.piece]?.[at.offset]
      same(`file at ${index}:${offset}`, byte?.file, index)
      same(`offset at ${index}:${offset}`, byte?.offset, offset)
    }
  })
}

describe('a geometry', () => {
  test('agrees with a v1 torrent written out byte by byte', () => {
    fc.assert(
      fc.property(v1Case, ({ kind, pieceLength, files }) => {
        expect(checkAgainstModel(kind, pieceLength, files, true)).toEqual([])
      }),
    )
  })

  test('agrees with a v2 or hybrid torrent written out byte by byte', () => {
    fc.assert(
      fc.property(v2Case, ({ kind, pieceLength, files }) => {
        expect(checkAgainstModel(kind, pieceLength, files, false)).toEqual([])
      }),
      { numRuns: 25 },
    )
  })

  test('counts the bytes of all files but padding', () => {
    const files = [{ length: 40_000 }, { length: 25_536, pad: true }, { length: 5 }]
    const geometry = new Geometry('hybrid', 65_536, files)
    expect(geometry.length).toBe(40_005)
    expect(geometry.files[1]).toEqual({ start: 40_000, length: 25_536, pad: true })
    expect(geometry.files[2]?.start).toBe(65_536)
  })

  test('keeps exact offsets far beyond 32 bits', () => {
    const length = 2 ** 42 + 5
    const geometry = new Geometry('v1', 2 ** 24, [{ length }, { length: 100 }])
    const last = geometry.piece(geometry.pieceCount - 1)!
    expect(geometry.lengthOf(last)).toBe(105)
    expect([...geometry.slices(last, 0, 105)]).toEqual([
      { file: 0, offset: 2 ** 42, length: 5 },
      { file: 1, offset: 0, length: 100 },
    ])
  })

  test('of nothing has no pieces', () => {
    for (const files of [[], [{ length: 0 }, { length: 0 }]]) {
      const geometry = new Geometry('v1', 16_384, files)
      expect([geometry.pieceCount, geometry.length, geometry.piece(0)]).toEqual([0, 0, undefined])
    }
  })
})

describe('the gate for pieces and blocks', () => {
  const geometry = new Geometry('v1', 262_144, [{ length: 262_144 + 20_000 }])

  test.each([-1, 2, 0.5, Number.NaN, 2 ** 32, 2 ** 53, Number.POSITIVE_INFINITY])('there is no piece %d', (index) => {
    expect(geometry.piece(index)).toBeUndefined()
    expect(geometry.block(index, 0, 1)).toBeUndefined()
  })

  test('lets every block through that is inside its piece and at most 128 KiB', () => {
    expect(geometry.block(0, 0, 131_072)).toEqual({ piece: 0, offset: 0, length: 131_072 })
    expect(geometry.block(0, 262_143, 1)).toEqual({ piece: 0, offset: 262_143, length: 1 })
    expect(geometry.block(1, 16_384, 3616)).toEqual({ piece: 1, offset: 16_384, length: 3616 })
  })

  test.each([
    [0, 0, 131_073],
    [0, 0, 0],
    [0, 0, -1],
    [0, -1, 10],
    [0, 262_144, 1],
    [0, 262_143, 2],
    [1, 16_384, 3617],
    [0, 0.5, 1],
    [0, 0, 1.5],
    [0, Number.NaN, 1],
    [0, 0, Number.NaN],
    [0, 2 ** 53, 2 ** 53],
  ])('refuses piece %d, offset %d, length %d', (piece, offset, length) => {
    expect(geometry.block(piece, offset, length)).toBeUndefined()
  })

  test('cuts every piece into blocks of 16 KiB that the gate lets through, the last shorter', () => {
    const piece = geometry.piece(1)!
    expect(geometry.blocksIn(geometry.piece(0)!)).toBe(16)
    expect(geometry.blocksIn(piece)).toBe(2)
    const blocks = [0, 1].map((index) => geometry.blockAt(piece, index))
    expect(blocks).toEqual([
      { piece, offset: 0, length: 16_384 },
      { piece, offset: 16_384, length: 3616 },
    ])
    for (const block of blocks) expect(geometry.block(block.piece, block.offset, block.length)).toEqual(block)
  })

  test('lets peers ask for a block that begins in a v2 file and ends in the gap behind it, and for nothing else there', () => {
    const v2 = new Geometry('v2', 65_536, [{ length: 20_000 }, { length: 65_536 }])
    expect(v2.requestable(0, 16_384, 16_384)).toEqual({ piece: 0, offset: 16_384, length: 16_384 })
    expect(v2.requestable(0, 0, 65_536)).toEqual({ piece: 0, offset: 0, length: 65_536 })
    expect(v2.requestable(0, 16_384, 3616)).toEqual(v2.block(0, 16_384, 3616))
    for (const [piece, offset, length] of [
      [0, 32_768, 16_384],
      [0, 20_000, 1],
      [0, 16_384, 49_153],
      [0, 0, 131_073],
      [0, -1, 16_384],
      [0, 0, 0],
      [0, 0, Number.NaN],
      [0, 0.5, 16_384],
      [1, 65_535, 2],
      [2, 0, 1],
    ] as const) {
      expect(v2.requestable(piece, offset, length)).toBeUndefined()
    }
    expect(geometry.requestable(1, 16_384, 16_384)).toBeUndefined()
    expect(geometry.requestable(1, 16_384, 3616)).toEqual(geometry.block(1, 16_384, 3616))
  })

  test('takes its largest block from the limits', () => {
    const strict = new Geometry('v1', 262_144, [{ length: 300_000 }], { ...GEOMETRY_LIMITS, blockLength: 16_384 })
    expect(strict.block(0, 0, 16_385)).toBeUndefined()
  })
})

describe('an impossible torrent', () => {
  test.each([0, -1, 1.5, Number.NaN, 2 ** 53, 512 * 1024 * 1024 + 1])(
    'with pieces of %d bytes is refused',
    (length) => {
      expect(() => new Geometry('v1', length, [])).toThrow(code('PIECE_LENGTH'))
    },
  )

  test.each([8192, 16_383, 16_384 * 3, 0])('of v2 or both with pieces of %d bytes is refused', (length) => {
    expect(() => new Geometry('v2', length, [])).toThrow(code('PIECE_LENGTH'))
    expect(() => new Geometry('hybrid', length, [])).toThrow(code('PIECE_LENGTH'))
  })

  test.each([-1, 0.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY])(
    'with a file of %d bytes is refused',
    (length) => {
      expect(() => new Geometry('v1', 16_384, [{ length }])).toThrow(code('FILE_LENGTH'))
    },
  )

  test('whose files together reach 2^53 bytes is refused', () => {
    const limits = { ...GEOMETRY_LIMITS, pieces: Number.POSITIVE_INFINITY }
    const files = [{ length: Number.MAX_SAFE_INTEGER }, { length: 1 }]
    for (const kind of ['v1', 'v2'] as const) {
      expect(() => new Geometry(kind, 2 ** 26, files, limits)).toThrow(code('TOTAL_LENGTH'))
    }
  })

  test('with more than 2,097,152 pieces is refused, with as many it is not', () => {
    expect(new Geometry('v1', 1, [{ length: 2_097_152 }]).pieceCount).toBe(2_097_152)
    expect(() => new Geometry('v1', 1, [{ length: 2_097_153 }])).toThrow(code('PIECE_COUNT'))
  })
})

describe('asking for what is not there', () => {
  const geometry = new Geometry('v1', 16_384, [{ length: 10 }, { length: 0 }])

  test.each([-1, 2, 0.5, Number.NaN])('file %d is refused', (file) => {
    expect(() => geometry.piecesOf(file)).toThrow(code('FILE_INDEX'))
    expect(() => geometry.locate(file, 0)).toThrow(code('FILE_OFFSET'))
  })

  test.each([-1, 10, 0.5, Number.NaN])('byte %d of a file is refused', (offset) => {
    expect(() => geometry.locate(0, offset)).toThrow(code('FILE_OFFSET'))
    expect(() => geometry.locate(1, 0)).toThrow(code('FILE_OFFSET'))
  })
})

describe('padding', () => {
  const files = [
    { length: 40_000 },
    { length: 25_536, pad: true },
    { length: 65_536 },
    { length: 1 },
    { length: 9, pad: true },
  ]
  const geometry = new Geometry('hybrid', 65_536, files)
  const piece = (index: number) => geometry.piece(index) as PieceIndex

  test('is not counted among the data of a piece, and begins where the last byte of data ends', () => {
    expect([0, 1, 2].map((index) => geometry.dataLengthOf(piece(index)))).toEqual([40_000, 65_536, 1])
    expect([0, 1, 2].map((index) => geometry.paddingStart(piece(index)))).toEqual([40_000, 65_536, 1])
    expect(geometry.lengthOf(piece(2))).toBe(10)
  })

  test('in front of data is data for whoever asks, and a piece of nothing else has none', () => {
    const odd = new Geometry('v1', 10, [
      { length: 5, pad: true },
      { length: 2 },
      { length: 3, pad: true },
      { length: 10, pad: true },
    ])
    const [first, second] = [odd.piece(0) as PieceIndex, odd.piece(1) as PieceIndex]
    expect([odd.dataLengthOf(first), odd.paddingStart(first)]).toEqual([2, 7])
    expect([odd.dataLengthOf(second), odd.paddingStart(second)]).toEqual([0, 0])
  })

  test('is nowhere in a torrent without any', () => {
    const plain = new Geometry('v2', 65_536, [{ length: 40_000 }, { length: 70_000 }])
    for (let index = 0; index < plain.pieceCount; index++) {
      const at = plain.piece(index) as PieceIndex
      expect([plain.dataLengthOf(at), plain.paddingStart(at)]).toEqual([plain.lengthOf(at), plain.lengthOf(at)])
    }
  })
})

describe('numbers of 32 bits', () => {
  // What V8 takes a number for shows in the kind of list that it makes of it.
  setFlagsFromString('--allow-natives-syntax')
  const isInteger = runInThisContext('(list) => %HasSmiElements(list)') as (list: number[]) => boolean
  // A function is compiled when it is called first.
  isInteger([])
  setFlagsFromString('--no-allow-natives-syntax')
  const whole = (...numbers: (number | undefined)[]): boolean => {
    const list: number[] = []
    for (const number of numbers) list.push(number as number)
    return isInteger(list)
  }
  /** The same number, as V8 has it after it was in a list of fractions. */
  const fraction = (number: number): number => new Float64Array([number])[0] as number

  test('are integers to V8 whatever they were made from', () => {
    expect([whole(3), whole(fraction(3))]).toEqual([true, false])
    const KIB = 1024
    const v1 = new Geometry('v1', 64 * KIB, [{ length: 200 * KIB }, { length: fraction(300 * KIB) }])
    const v2 = new Geometry('v2', 64 * KIB, [{ length: 200 * KIB }, { length: fraction(300 * KIB) }])
    for (const geometry of [v1, v2]) {
      const piece = geometry.piece(fraction(3)) as PieceIndex
      const located = geometry.locate(1, fraction(20 * KIB))
      const refs = [
        geometry.block(fraction(3), fraction(4), fraction(5)),
        geometry.requestable(fraction(3), fraction(4), fraction(5)),
        geometry.requestable(fraction(3), fraction(0), fraction(16 * KIB)),
        geometry.blockAt(piece, 0),
      ]
      const numbers = refs.flatMap((ref) => [ref?.piece, ref?.offset, ref?.length])
      expect(numbers).not.toContain(undefined)
      expect(whole(piece, located.piece, located.offset, ...numbers)).toBe(true)
    }
  })

  test('are enough for every piece and block, also where the limits are set higher', () => {
    const limits = { pieces: 2 ** 40, pieceLength: 2 ** 40, blockLength: 2 ** 17 }
    expect(() => new Geometry('v1', 2 ** 33, [{ length: 5 }], limits)).toThrow(code('PIECE_LENGTH'))
    expect(() => new Geometry('v1', 1, [{ length: 2 ** 33 }], limits)).toThrow(code('PIECE_COUNT'))
    const geometry = new Geometry('v1', 2 ** 32, [{ length: 2 ** 32 }], limits)
    expect(geometry.block(0, 2 ** 32 - 16_384, 16_384)).toEqual({ piece: 0, offset: 2 ** 32 - 16_384, length: 16_384 })
  })
})
