// The command line itself, with commands that only remember how they were called.

import { describe, expect, test } from '@jest/globals'
import { type CommandTable, runCli } from '@torrential/cli'
import { SeededRandom } from '@torrential/primitives'
import { fakeContext } from './fake-context.ts'

type Words = readonly [string, ...string[]]
type Call = readonly [name: string, ...args: unknown[]]

function recorder() {
  const calls: Call[] = []
  const record =
    (name: string) =>
    (...args: unknown[]): Promise<number> => {
      calls.push([name, ...args.slice(0, -1)])
      return Promise.resolve(0)
    }
  const names = ['info', 'create', 'edit', 'download', 'seed', 'verify', 'cat', 'tracker', 'demo'] as const
  const table = Object.fromEntries(names.map((name) => [name, record(name)])) as unknown as CommandTable
  return { calls, table }
}

async function parse(...words: (string | readonly string[])[]) {
  const args = words.flat()
  const context = fakeContext()
  const { calls, table } = recorder()
  const code = await runCli(args, context, table)
  return { code, calls, out: context.stdout.text, err: context.stderr.text }
}

describe('arguments', () => {
  test('download takes everything that its contract names', async () => {
    const { code, calls } = await parse(
      [
        'download',
        'a.torrent',
        'http://x/b.torrent',
        '--path',
        'dir',
        '--peer',
        '127.0.0.1:5',
        '--peer',
        'n.example:6',
      ],
      ['--port', '0', '--host', '127.0.0.1', '--no-trackers', '--seed', '--max-down', '1M', '--max-up', '500K'],
      ['--select', '*.iso', '--select', 'docs', '--sequential', '--state', 'st', '--json'],
    )
    expect(code).toBe(0)
    expect(calls).toEqual([
      [
        'download',
        ['a.torrent', 'http://x/b.torrent'],
        {
          path: 'dir',
          peer: [
            { host: '127.0.0.1', port: 5 },
            { host: 'n.example', port: 6 },
          ],
          port: 0,
          host: '127.0.0.1',
          trackers: false,
          seed: true,
          maxDown: 1_048_576,
          maxUp: 512_000,
          select: ['*.iso', 'docs'],
          sequential: true,
          state: 'st',
          json: true,
        },
      ],
    ])
  })

  test('create takes everything that its contract names', async () => {
    const { calls } = await parse(
      [
        'create',
        'data',
        '-o',
        'x.torrent',
        '--piece-length',
        '16384',
        '--tracker',
        'udp://a:1',
        '--tracker',
        'http://b/',
      ],
      ['--web-seed', 'http://c/', '--private', '--comment', 'hello', '--no-date'],
      ['--collection', 'one', '--collection', 'two', '--similar', 'ab'.repeat(20)],
    )
    expect(calls[0]?.[2]).toEqual({
      output: 'x.torrent',
      pieceLength: 16_384,
      tracker: ['udp://a:1', 'http://b/'],
      webSeed: ['http://c/'],
      collection: ['one', 'two'],
      similar: [new Uint8Array(20).fill(0xab)],
      private: true,
      comment: 'hello',
      date: false,
    })
  })

  test('edit takes everything that its contract names', async () => {
    const { calls } = await parse(
      ['edit', 'a.torrent', '-o', 'b.torrent', '--tracker', 'udp://a:1', '--add-tracker', 'http://b/'],
      ['--remove-tracker', 'http://c/', '--web-seed', 'http://d/', '--add-web-seed', 'http://e/'],
      ['--remove-web-seed', 'http://f/', '--comment', 'hello', '--json'],
    )
    expect(calls[0]).toEqual([
      'edit',
      'a.torrent',
      {
        output: 'b.torrent',
        tracker: ['udp://a:1'],
        addTracker: ['http://b/'],
        removeTracker: ['http://c/'],
        trackers: true,
        webSeed: ['http://d/'],
        addWebSeed: ['http://e/'],
        removeWebSeed: ['http://f/'],
        webSeeds: true,
        comment: 'hello',
        json: true,
      },
    ])
    const removals = await parse('edit', 'a.torrent', '--no-trackers', '--no-web-seeds', '--no-comment')
    expect(removals.calls[0]?.[2]).toMatchObject({ trackers: false, webSeeds: false, comment: false })
  })

  test('create and seed take one version', async () => {
    for (const version of ['v1', 'v2', 'hybrid']) {
      const created = await parse('create', 'data', '-o', 'x', `--${version}`)
      expect(created.calls[0]?.[2]).toMatchObject({ [version]: true })
      expect((await parse('seed', 'data', `--${version}`)).calls[0]?.[2]).toMatchObject({ [version]: true })
    }
  })

  test('a run does not inherit what an earlier run collected', async () => {
    await parse('download', 'a', '--peer', '1.2.3.4:5')
    const { calls } = await parse('download', 'a')
    expect(calls[0]?.[2]).toMatchObject({ peer: [], select: [], trackers: true })
  })

  test('seed, verify, cat, tracker, info and demo take theirs', async () => {
    expect(
      (await parse('seed', 'a', '--path', 'd', '--port', '1', '--host', '::1', '--peer', '[::1]:9', '--json')).code,
    ).toBe(0)
    expect((await parse('verify', 'a', '--path', 'd', '--json')).calls).toEqual([
      ['verify', 'a', { path: 'd', json: true }],
    ])
    expect((await parse('cat', 'a', 'f', '--peer', '1.2.3.4:5')).calls[0]?.slice(0, 3)).toEqual(['cat', 'a', 'f'])
    expect((await parse('cat', 'a')).calls[0]?.[2]).toBeUndefined()
    expect((await parse('tracker', '--host', '127.0.0.1', '--port', '0', '--json')).calls).toEqual([
      ['tracker', { host: '127.0.0.1', port: 0, json: true }],
    ])
    expect((await parse('info', '--json', '-', 'b')).calls).toEqual([['info', ['-', 'b'], { json: true }]])
    expect((await parse('demo', '--size', '8M', '--keep')).calls).toEqual([['demo', { size: 8_388_608, keep: true }]])
  })

  test('--version and --help answer on stdout with 0', async () => {
    expect(await parse('--version')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as unknown,
      err: '',
    })
    for (const args of [['--help'], ['download', '--help'], ['help', 'seed']]) {
      const { code, out, err } = await parse(...args)
      expect([code, err]).toEqual([0, ''])
      expect(out).toContain('Usage: torrential')
    }
  })
})

describe('wrong usage', () => {
  test.each([
    [[], 'COMMAND_MISSING'],
    [['fetch'], 'COMMAND_UNKNOWN'],
    [['seed'], 'ARGUMENT_MISSING'],
    [['download', 'a', '--speed', '5'], 'OPTION_UNKNOWN'],
    [['download', 'a', '--port'], 'OPTION_VALUE_MISSING'],
    [['download', 'a', '--port', 'x'], 'OPTION_VALUE'],
    [['create', 'a'], 'OPTION_MISSING'],
    [['create', 'a', '-o', 'x', '--v1', '--v2'], 'OPTION_CONFLICT'],
    [['create', 'a', '-o', 'x', '--hybrid', '--v1'], 'OPTION_CONFLICT'],
    [['create', 'a', '-o', 'x', '--v2', '--hybrid'], 'OPTION_CONFLICT'],
    [['verify', 'a'], 'OPTION_MISSING'],
    [['cat', 'a', 'b', 'c'], 'ARGUMENT_EXCESS'],
    [['tracker', 'extra'], 'ARGUMENT_EXCESS'],
  ])('%j is %s', async (args, code) => {
    const result = await parse(...args)
    expect(result.code).toBe(2)
    expect(result.calls).toEqual([])
    expect(result.out).toBe('')
    expect(result.err).toMatch(new RegExp(`^error: ${code}: [^\\n]+\\n$`))
  })
})

describe('failing commands', () => {
  async function fail(error: Error, options: { args?: string[]; env?: Record<string, string> } = {}) {
    const context = fakeContext({ env: options.env ?? {} })
    const code = await runCli(options.args ?? ['demo', '--json'], context, {
      demo: async () => {
        throw error
      },
    })
    return { code, out: context.stdout.text, err: context.stderr.text }
  }

  test('are one line on stderr, and one on stdout with --json', async () => {
    const result = await fail(Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' }))
    expect(result).toEqual({
      code: 1,
      err: 'error: ENOSPC: no space left\n',
      out: '{"type":"error","code":"ENOSPC","message":"no space left"}\n',
    })
    expect((await fail(new Error('x'), { args: ['demo'] })).out).toBe('')
  })

  test('show a stack only when asked to', async () => {
    expect((await fail(new TypeError('a bug'))).err).toBe('error: INTERNAL: a bug\n')
    expect((await fail(new TypeError('a bug'), { env: { TORRENTIAL_DEBUG: '1' } })).err).toContain('    at ')
  })
})

describe('mutated arguments', () => {
  const seeds: readonly [Words, ...Words[]] = [
    [
      'download',
      'a.torrent',
      '--path',
      'd',
      '--peer',
      '127.0.0.1:5',
      '--port',
      '0',
      '--max-down',
      '1M',
      '--select',
      '*.iso',
    ],
    ['create', 'data', '-o', 'x.torrent', '--piece-length', '16K', '--tracker', 'udp://a:1', '--comment', 'c'],
    ['seed', 'a.torrent', '--path', 'd', '--host', '127.0.0.1', '--json'],
    ['verify', 'a.torrent', '--path', 'd'],
    ['cat', 'a.torrent', 'file', '--peer', '[::1]:5'],
    ['tracker', '--host', '::', '--port', '6969'],
    ['info', '--json', 'magnet:?xt=urn:btih:aa', '-'],
    ['demo', '--size', '8M'],
    ['help', 'download'],
  ]
  const oddities: Words = [
    '',
    '-',
    '--',
    '--=',
    '-o',
    '---',
    '--no-',
    '__proto__',
    'constructor',
    '\0',
    '\u001b[2J',
    '💥'.repeat(50),
  ]
  const numbers: Words = [
    '-1',
    '65536',
    '1e308',
    '0x10',
    'NaN',
    '9'.repeat(400),
    '1.2.3.4:0',
    '[::]:x',
    '%00',
    '--port=',
    '--json=1',
  ]

  function mutate(random: SeededRandom): string[] {
    const pick = <Item>(items: readonly [Item, ...Item[]]): Item => items.at(random.next() * items.length) ?? items[0]
    const args = [...pick(seeds)]
    for (let change = 0; change < 1 + random.next() * 3; change++) {
      const at = Math.floor(random.next() * args.length)
      const kind = Math.floor(random.next() * 6)
      if (kind === 0) args.splice(at, 1)
      else if (kind === 1) args.splice(at, 0, pick(oddities))
      else if (kind === 2) args.splice(at, 1, pick(numbers))
      else if (kind === 3) args.splice(at, 0, pick(pick(seeds)))
      else if (kind === 4) args.splice(at, 1, (args[at] ?? '').slice(0, Math.floor(random.next() * 8)))
      else args.splice(at, 1, `${args[at] ?? ''}${pick(oddities)}`)
    }
    return args
  }

  test('give a typed error with code 2 or a call, and never anything else', async () => {
    const seed = 20_261
    const random = new SeededRandom(seed)
    const outcomes = { refused: 0, called: 0 }
    for (let run = 0; run < 3000; run++) {
      const args = mutate(random)
      const { code, err } = await parse(...args)
      const described = `seed ${seed}, run ${run}: ${JSON.stringify(args)} → ${code}, ${JSON.stringify(err)}`
      if (code === 0) {
        outcomes.called++
        if (err !== '') throw new Error(described)
      } else {
        outcomes.refused++
        if (code !== 2 || !/^error: [A-Z_]+: [^\n]+\n$/.test(err) || /\bat .+:\d+/.test(err)) throw new Error(described)
      }
    }
    expect(outcomes.refused).toBeGreaterThan(1000)
    expect(outcomes.called).toBeGreaterThan(200)
  })
})
