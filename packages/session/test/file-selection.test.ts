import { expect, test } from '@jest/globals'
import type { SwarmEngine } from '@torrential/engine'
import { Geometry, VirtualClock } from '@torrential/primitives'
import { FileSelection } from '../src/file-selection.ts'

test('what is wanted is counted as it changes: once a file, and padding never', async () => {
  const geometry = new Geometry('v1', 10, [{ length: 15 }, { length: 11 }, { length: 4, pad: true }, { length: 20 }])
  const told: number[][] = []
  const engine = { setPriorities: (pieces: Uint8Array) => void told.push([...pieces]) } as unknown as SwarmEngine
  const wantedOnDisk: [number, boolean][] = []
  const parts = {
    geometry,
    engine,
    clock: new VirtualClock(),
    setWanted: async (file: number, wanted: boolean) => void wantedOnDisk.push([file, wanted]),
    failed: () => {},
    applied: () => {},
  }
  expect(new FileSelection(parts, () => true).bytesWanted).toBe(46)
  const selection = new FileSelection(parts, (file) => file !== 1)
  expect(selection.bytesWanted).toBe(35)
  selection.set(1, 7)
  selection.set(1, 1)
  expect(selection.bytesWanted).toBe(46)
  selection.set(0, 0)
  selection.set(0, 0)
  selection.set(2, 0)
  expect(selection.bytesWanted).toBe(31)
  selection.set(2, 4)
  selection.set(0, 4)
  selection.set(0, 0)
  selection.set(1, 0)
  selection.set(3, 0)
  expect(selection.bytesWanted).toBe(0)
  await new Promise((resolve) => setImmediate(resolve))
  expect(told.at(-1)).toEqual([0, 0, 0, 0, 0])
  expect(new Map(wantedOnDisk).get(3)).toBe(false)
})
