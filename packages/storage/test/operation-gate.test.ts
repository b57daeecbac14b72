import { describe, expect, test } from '@jest/globals'
import { OperationGate } from '../src/operation-gate.ts'
import { failureOf } from './torrent-data.ts'

/** Operations that say when they begin, and end when told to. */
function operations() {
  const log: string[] = []
  const ends = new Map<string, () => void>()
  const operation = (name: string) => async () => {
    log.push(`+${name}`)
    await new Promise<void>((resolve) => ends.set(name, resolve))
    log.push(`-${name}`)
  }
  const end = async (name: string) => {
    ends.get(name)?.()
    await settle()
  }
  return { log, operation, end }
}

const settle = () => new Promise((resolve) => setImmediate(resolve))

describe('OperationGate', () => {
  test('shared operations run beside each other; one that runs alone waits for them and holds up the rest', async () => {
    const gate = new OperationGate()
    const { log, operation, end } = operations()
    const all = [
      gate.share(operation('a')),
      gate.share(operation('b')),
      gate.alone(operation('X')),
      gate.share(operation('c')),
      gate.alone(operation('Y')),
    ]
    await settle()
    expect(log).toEqual(['+a', '+b'])
    await end('a')
    expect(log).toEqual(['+a', '+b', '-a'])
    await end('b')
    expect(log.slice(3)).toEqual(['-b', '+X'])
    await end('X')
    expect(log.slice(5)).toEqual(['-X', '+c'])
    await end('c')
    expect(log.slice(7)).toEqual(['-c', '+Y'])
    await end('Y')
    await Promise.all(all)
  })

  test('a failure reaches its caller and nobody else', async () => {
    const gate = new OperationGate()
    const fail = () => Promise.reject(Object.assign(new Error('no'), { code: 'NO' }))
    expect((await failureOf(gate.alone(fail)))?.code).toBe('NO')
    expect((await failureOf(gate.share(fail)))?.code).toBe('NO')
    await expect(gate.alone(async () => {})).resolves.toBeUndefined()
  })

  test('closing waits for what runs and refuses what waits', async () => {
    const gate = new OperationGate()
    const { log, operation, end } = operations()
    const running = gate.share(operation('a'))
    const alone = gate.alone(operation('X'))
    const waiting = failureOf(gate.share(operation('b')))
    let closed = 0
    const closing = Promise.all([gate.close().then(() => closed++), gate.close().then(() => closed++)])
    await settle()
    await end('a')
    await running
    expect(closed).toBe(0)
    await end('X')
    await Promise.all([alone, closing])
    expect((await waiting)?.code).toBe('STORAGE_CLOSED')
    expect(log).toEqual(['+a', '-a', '+X', '-X'])
  })
})
