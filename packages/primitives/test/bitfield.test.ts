import { Bitfield } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'

const code = (of: string) => expect.objectContaining({ name: 'InputError', code: of })

describe('a bitfield', () => {
  test('behaves as a set of the integers below its length', () => {
    const command = fc.record({
      does: fc.constantFrom('add', 'delete', 'has', 'all', 'clear'),
      index: fc.integer({ min: -3, max: 70 }),
    })
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 66 }), fc.array(command, { maxLength: 120 }), (length, commands) => {
        const field = new Bitfield(length)
        const model = new Set<number>()
        for (const { does, index } of commands) {
          const inRange = index >= 0 && index < length
          if (does === 'add') {
            expect(field.add(index)).toBe(inRange && !model.has(index))
            if (inRange) model.add(index)
          } else if (does === 'delete') {
            expect(field.delete(index)).toBe(model.delete(index))
          } else if (does === 'has') {
            expect(field.has(index)).toBe(model.has(index))
          } else if (does === 'all') {
            field.setAll()
            for (let i = 0; i < length; i++) model.add(i)
          } else {
            field.clear()
            model.clear()
          }
          expect(field.count).toBe(model.size)
          expect(field.isComplete).toBe(model.size === length)
          expect(field.isEmpty).toBe(model.size === 0)
        }
        expect([...field]).toEqual([...model].sort((a, b) => a - b))
        const again = Bitfield.from(field.toBytes(), length)
        expect([...again]).toEqual([...field])
        expect(again.count).toBe(field.count)
      }),
    )
  })

  test('puts piece 0 into the highest bit of the first byte', () => {
    const field = new Bitfield(10)
    field.add(0)
    field.add(9)
    expect([...field.toBytes()]).toEqual([0b1000_0000, 0b0100_0000])
  })

  test('leaves the spare bits zero when it is full', () => {
    expect([...Bitfield.full(11).toBytes()]).toEqual([0xff, 0b1110_0000])
    expect([...Bitfield.full(16).toBytes()]).toEqual([0xff, 0xff])
    expect(Bitfield.full(0).toBytes()).toHaveLength(0)
  })

  test.each([2 ** 32, 2 ** 32 + 1, 2 ** 53, -1, -(2 ** 32), 0.5, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'never takes %d for a piece, though 32-bit arithmetic would',
    (index) => {
      const field = Bitfield.full(9)
      expect(field.has(index)).toBe(false)
      expect(field.delete(index)).toBe(false)
      const empty = new Bitfield(9)
      expect(empty.add(index)).toBe(false)
      expect(empty.isEmpty).toBe(true)
      expect(field.isComplete).toBe(true)
    },
  )

  test('takes only bytes of the exact length', () => {
    for (const bytes of [0, 1, 3]) {
      expect(() => Bitfield.from(new Uint8Array(bytes), 12)).toThrow(code('BITFIELD_LENGTH'))
    }
  })

  test('refuses bytes with a bit set behind the last piece, whichever it is', () => {
    for (let length = 1; length < 8; length++) {
      for (let bit = 0; bit < 8; bit++) {
        const bytes = Uint8Array.of(128 >>> bit)
        if (bit < length) expect([...Bitfield.from(bytes, length)]).toEqual([bit])
        else expect(() => Bitfield.from(bytes, length)).toThrow(code('BITFIELD_SPARE_BITS'))
      }
    }
  })

  test.each([-1, 1.5, 2 ** 32, Number.NaN])('cannot have %d pieces', (length) => {
    expect(() => new Bitfield(length)).toThrow(code('BITFIELD_LENGTH'))
  })

  test('copies the bytes it is made of and the bytes it gives away', () => {
    const bytes = Uint8Array.of(0x80)
    const field = Bitfield.from(bytes, 8)
    bytes[0] = 0xff
    field.toBytes()[0] = 0xff
    expect([...field]).toEqual([0])
  })

  test('a clone changes on its own', () => {
    const field = Bitfield.full(12)
    const copy = field.clone()
    copy.delete(3)
    expect([field.count, copy.count, field.has(3), copy.has(3)]).toEqual([12, 11, true, false])
  })

  test('knows whether another has a piece that it lacks', () => {
    const pieces = fc.uniqueArray(fc.integer({ min: 0, max: 19 }))
    fc.assert(
      fc.property(pieces, pieces, (mine, theirs) => {
        const [a, b] = [new Bitfield(20), new Bitfield(20)]
        for (const piece of mine) a.add(piece)
        for (const piece of theirs) b.add(piece)
        expect(a.lacksSomeOf(b)).toBe(theirs.some((piece) => !mine.includes(piece)))
      }),
    )
  })
})
