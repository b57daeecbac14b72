import { describe, expect, test } from '@jest/globals'
import { LazyMap, LazySet } from '@torrential/primitives'

/** What a map or set says of itself, in every way there is. */
function seen(collection: Map<number, string> | Set<number>): unknown {
  const each: unknown[] = []
  collection.forEach((value: unknown, key: unknown) => void each.push([key, value]))
  const { size } = collection
  return { size, all: [...collection], keys: [...collection.keys()], values: [...collection.values()], each }
}

describe('a lazy map', () => {
  test('behaves as a map, while it is empty too', () => {
    const [lazy, real] = [new LazyMap<number, string>(), new Map<number, string>()]
    const same = (act: (map: Map<number, string>) => unknown) => {
      expect(act(lazy)).toEqual(act(real))
      expect(seen(lazy)).toEqual(seen(real))
      expect([...lazy.entries()]).toEqual([...real.entries()])
    }
    same((map) => [map.get(1), map.has(1), map.delete(1), map.clear()])
    same((map) => map.set(1, 'one').set(2, 'two').get(2))
    same((map) => [map.has(1), map.delete(1), map.delete(1), map.has(1)])
    same((map) => map.set(3, 'three').clear())
  })
})

describe('a lazy set', () => {
  test('behaves as a set, while it is empty too', () => {
    const [lazy, real] = [new LazySet<number>(), new Set<number>()]
    const same = (act: (set: Set<number>) => unknown) => {
      expect(act(lazy)).toEqual(act(real))
      expect(seen(lazy)).toEqual(seen(real))
      expect([...lazy.entries()]).toEqual([...real.entries()])
    }
    same((set) => [set.has(1), set.delete(1), set.clear()])
    same((set) => set.add(1).add(2).has(2))
    same((set) => [set.delete(1), set.delete(1), set.has(1)])
    same((set) => set.add(3).clear())
  })
})
