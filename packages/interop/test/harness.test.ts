// What the other suites rely on when something goes wrong: programs end, ports are free, waiting has a deadline that says why.
import { stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { describe, expect, test } from '@jest/globals'
import { freePort, Ground, missingPrograms, NetworkNamespace, Program, until } from '../src/index.ts'

const nodeProgram = (script: string): Program =>
  new Program({ name: 'script', command: process.execPath, args: ['-e', script] })

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('Program', () => {
  test('is gone after stop, even when it ignores a polite request', async () => {
    const program = nodeProgram("process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up')")
    const { pid } = program
    await until('the script to run', () => program.tail().includes('up'))
    await program.stop()
    expect(isAlive(pid)).toBe(false)
  }, 20_000)

  test('shows the end of its output and how it ended', async () => {
    const program = nodeProgram(
      "for (let i = 0; i < 100; i += 1) console.log('line', i); console.error('bad'); process.exitCode = 3",
    )
    await expect(program.exited).resolves.toBe(3)
    await until('its output', () => program.tail().includes('line 99') && program.tail().includes('bad'))
    expect(program.tail()).not.toContain('line 5\n')
    expect(program.tail()).toContain('ended: 3')
    expect(() => program.assertRunning()).toThrow('script has ended')
  })

  test('that does not exist says so and does not hang', async () => {
    const program = new Program({ name: 'nothing', command: '/nonexistent/program', args: [] })
    await program.exited
    expect(() => program.assertRunning()).toThrow(/nothing has ended/)
    await program.stop()
  })
})

describe('Ground', () => {
  test('stops what was started on it and removes its folder when the test fails', async () => {
    let folder = ''
    let pid = 0
    const failing = async (): Promise<void> => {
      await using ground = await Ground.create()
      folder = await ground.folder('data')
      pid = ground.own(nodeProgram('setInterval(() => {}, 1000)')).pid
      throw new Error('the test failed')
    }
    await expect(failing()).rejects.toThrow('the test failed')
    expect(isAlive(pid)).toBe(false)
    await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('until', () => {
  test('returns the first answer', async () => {
    let asked = 0
    const answer = await until('three questions', () => (++asked === 3 ? 'done' : undefined), { interval: 1 })
    expect([answer, asked]).toEqual(['done', 3])
  })

  test('names what it waited for and what was known', async () => {
    const waiting = until('a miracle', () => false, { deadline: 20, interval: 5, detail: () => 'nobody came' })
    await expect(waiting).rejects.toThrow('still waiting for a miracle after 0 s\nnobody came')
  })
})

test('freePort gives ports that can be bound, each once', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()))
  expect(new Set(ports).size).toBe(20)
  const server = createServer().listen(ports[0], '127.0.0.1')
  await once(server, 'listening')
  server.close()
})

test('missingPrograms gives the reason for each one that cannot run', async () => {
  const program = (name: string, answer: true | string) => ({ name, available: async () => answer })
  const missing = await missingPrograms([program('a', true), program('b', 'b is not installed')])
  expect(missing).toEqual(['b is not installed'])
})

const namespaces = NetworkNamespace.available()
const inNamespaces = namespaces === true ? test : test.skip

inNamespaces(
  `a namespace can be reached and leaves nothing behind${namespaces === true ? '' : ` (skipped: ${namespaces})`}`,
  async () => {
    await using ground = await Ground.create({ namespace: true })
    const { namespace } = ground
    if (namespace === undefined) throw new Error('no namespace')
    const script = "require('net').createServer((s) => s.end('hello')).listen(4000, () => console.log('up'))"
    const program = ground.own(
      new Program({ name: 'inside', command: process.execPath, args: ['-e', script], namespace: namespace.name }),
    )
    await until('the server inside', () => program.tail().includes('up'))
    const { connect } = await import('node:net')
    const socket = connect(4000, namespace.inside)
    const [greeting] = (await once(socket, 'data')) as [Buffer]
    expect(greeting.toString()).toBe('hello')
    expect(socket.localAddress).toBe(ground.host)
    socket.destroy()
  },
)
