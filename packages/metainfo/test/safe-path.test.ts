import { posix, win32 } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { SeededRandom } from '@torrential/primitives'
import { parseTorrent, SafePaths, safeName } from '../src/index.ts'
import { codeOf, multi, pathsOf, v1 } from './support.ts'

const one = (...path: (string | Uint8Array)[]) => pathsOf([path])[0]
const single = (name: string | Uint8Array) => parseTorrent(v1({ name })).files[0]?.path

describe('a path', () => {
  test.each([
    [['..', '..', 'etc', 'passwd'], 'a/etc/passwd'],
    [['x', '..', 'y'], 'a/x/y'],
    [['.', 'x'], 'a/x'],
    [['', 'x', ''], 'a/x'],
    [['/etc/passwd'], 'a/_etc_passwd'],
    [['..\\..\\x'], 'a/.._.._x'],
    [['C:', 'x'], 'a/C_/x'],
    [['C:\\x'], 'a/C__x'],
    [['x\0.txt'], 'a/x_.txt'],
    [['a\r\nb\u001b[2J\u0085'], 'a/a__b_[2J_'],
    [['stream.txt:hidden'], 'a/stream.txt_hidden'],
    [['a?b*c<d>e|f"g'], 'a/a_b_c_d_e_f_g'],
    [['CON'], 'a/_CON'],
    [['nul.txt'], 'a/_nul.txt'],
    [['com1 .tar.gz'], 'a/_com1 .tar.gz'],
    [['LPT¹'], 'a/_LPT¹'],
    [['CON', 'x'], 'a/_CON/x'],
    [['console'], 'a/console'],
    [['name. . .'], 'a/name'],
    [['...'], 'a/_'],
    [[' '], 'a/_'],
    [['annexe\u202etxt.exe'], 'a/annexetxt.exe'],
    [['a\u200bb\ufeffc\u2066d'], 'a/abcd'],
    [['.\u200b.', 'x'], 'a/x'],
    [['\u200b'], 'a/_'],
    [['..'], 'a/_'],
    [['.hidden'], 'a/.hidden'],
    [['日本語.txt'], 'a/日本語.txt'],
  ])('of %j becomes %s', (elements, path) => {
    expect(one(...elements)).toBe(path)
  })

  test('keeps what is no UTF-8 visible', () => {
    expect(one(Uint8Array.of(0x61, 0xff, 0x62))).toBe('a/a_b')
    // Overlong spellings of `.` and `/` are no UTF-8 either.
    expect(one(Uint8Array.of(0xc0, 0xae, 0xc0, 0xae, 0xc0, 0xaf))).toBe('a/______')
  })

  test('has elements of at most 240 bytes and keeps the extension', () => {
    expect(one(`${'x'.repeat(300)}.torrent`)).toBe(`a/${'x'.repeat(232)}.torrent`)
    expect(one(`${'é'.repeat(200)}.mp3`)).toBe(`a/${'é'.repeat(118)}.mp3`)
    expect(one(`x.${'y'.repeat(300)}`)).toBe(`a/x.${'y'.repeat(238)}`)
    expect(one('😀'.repeat(61))).toBe(`a/${'😀'.repeat(60)}`)
    expect(one(`${'x'.repeat(239)}. y`)).toBe(`a/${'x'.repeat(237)}. y`)
  })

  test('says by which rules they were made', () => {
    const bytes = v1({})
    const rules = [{}, { paths: 'portable' }, { paths: 'posix' }] as const
    expect(rules.map((options) => parseTorrent(bytes, options).pathRules)).toEqual(['portable', 'portable', 'posix'])
  })

  test('of posix rules keeps what only Windows forbids', () => {
    const keep = [['CON'], ['a: b?'], ['dot.'], ['README'], ['readme'], ['👩\u200d🚀']]
    expect(pathsOf(keep, { paths: 'posix' })).toEqual(keep.map(([name]) => `a/${name}`))
    expect(pathsOf([['..', 'x\0y'], ['a\\b'], ['x\u202ey']], { paths: 'posix' })).toEqual(['a/x_y', 'a/a_b', 'a/xy'])
  })
})

describe('the name of a torrent', () => {
  test.each([
    ['..', undefined],
    ['.', undefined],
    ['', undefined],
    ['\u202e', undefined],
    ['../../x', '.._.._x'],
    ['/', '_'],
    ['C:\\x', 'C__x'],
    ['aux', '_aux'],
  ])('%j is made safe for a single file', (name, path) => {
    const { infoHash } = parseTorrent(v1({ name }))
    expect(single(name)).toBe(path ?? Buffer.from(infoHash).toString('hex'))
  })

  test('is the root of many files, whatever it was', () => {
    const { name, files } = parseTorrent(multi([['x']], { name: '..' }))
    expect(name).toMatch(/^[0-9a-f]{40}$/)
    expect(files[0]?.path).toBe(`${name}/x`)
  })
})

describe('colliding paths', () => {
  test('get numbers in front of the extension', () => {
    expect(pathsOf([['x.txt'], ['x.txt'], ['x.txt'], ['x (1).txt']])).toEqual([
      'a/x.txt',
      'a/x (1).txt',
      'a/x (2).txt',
      'a/x (1) (1).txt',
    ])
  })

  test('are those that differ by case or Unicode form, or only before being made safe', () => {
    expect(pathsOf([['README'], ['readme']])).toEqual(['a/README', 'a/readme (1)'])
    expect(pathsOf([['\u00e9'], ['e\u0301']])).toEqual(['a/\u00e9', 'a/e\u0301 (1)'])
    expect(pathsOf([['straße'], ['STRASSE']])).toEqual(['a/straße', 'a/STRASSE (1)'])
    expect(pathsOf([['a:b'], ['a?b'], ['x', '..', 'y'], ['x', 'y']])).toEqual([
      'a/a_b',
      'a/a_b (1)',
      'a/x/y',
      'a/x/y (1)',
    ])
    expect(
      pathsOf([
        ['Dir', 'x'],
        ['dir', 'X'],
      ]),
    ).toEqual(['a/Dir/x', 'a/dir/X (1)'])
  })

  test('are those of a file and a directory, in either order', () => {
    expect(pathsOf([['x'], ['x', 'y'], ['X', 'z']])).toEqual(['a/x', 'a/x (1)/y', 'a/x (1)/z'])
    expect(pathsOf([['x', 'y'], ['x']])).toEqual(['a/x/y', 'a/x (1)'])
    expect(
      pathsOf([
        ['x', 'y', 'z'],
        ['x', 'y'],
      ]),
    ).toEqual(['a/x/y/z', 'a/x/y (1)'])
  })

  test('stay within 240 bytes', () => {
    const long = `${'x'.repeat(236)}.txt`
    expect(pathsOf([[long], [long]])[1]).toBe(`a/${'x'.repeat(232)} (1).txt`)
  })

  test('are refused beyond 500', () => {
    const same = (count: number) => Array.from({ length: count }, () => ['x'])
    expect(new Set(pathsOf(same(501))).size).toBe(501)
    expect(codeOf(() => pathsOf(same(502)))).toBe('TORRENT_PATH_COLLISIONS')
    expect(codeOf(() => pathsOf(same(4), { limits: { maxRenames: 2 } }))).toBe('TORRENT_PATH_COLLISIONS')
  })

  test('leave padding out: its names are made up here', () => {
    const files = [
      { length: 1, path: ['x'] },
      { length: 1, path: ['..', 'x'], attr: 'p' },
      { length: 1, path: ['..', 'x'], attr: 'p' },
      { length: 1, path: ['.pad', '1'] },
    ]
    const torrent = multi([], { files })
    expect(parseTorrent(torrent).files.map(({ path }) => path)).toEqual(['a/x', 'a/.pad/1 (1)', 'a/.pad/2', 'a/.pad/1'])
  })
})

test('ten thousand random hostile paths stay below the root on every system and never meet', () => {
  const random = new SeededRandom(11)
  const parts = [
    '..',
    '.',
    '',
    '/',
    '\\',
    '\0',
    ':',
    'C:',
    'con',
    'a',
    'A',
    'e\u0301',
    '\u00e9',
    '\u202e',
    ' ',
    '.txt',
    '\ud800',
  ]
  const pick = () => parts[Math.floor(random.next() * parts.length)] ?? ''
  const word = () => Array.from({ length: 1 + Math.floor(random.next() * 4) }, pick).join('')
  for (let i = 0; i < 500; i++) {
    const paths = new SafePaths('root', { rules: 'portable', maxDepth: 100, maxRenames: 500 })
    const seen = new Set<string>()
    for (let j = 0; j < 20; j++) {
      const path = paths.add(Array.from({ length: 1 + Math.floor(random.next() * 4) }, word))
      expect(posix.normalize(path)).toBe(path)
      expect(win32.normalize(path)).toBe(path.replaceAll('/', '\\'))
      expect(posix.resolve('/base', path).startsWith('/base/root/')).toBe(true)
      expect(win32.resolve('C:\\base', path).startsWith('C:\\base\\root\\')).toBe(true)
      seen.add(path.normalize('NFC').toLowerCase())
    }
    expect(seen.size).toBe(20)
    for (const path of seen) expect([...seen].some((other) => other.startsWith(`${path}/`))).toBe(false)
  }
})

test('paths of a tree that repeats long directories are refused before they fill the memory', () => {
  const paths = new SafePaths('root', { rules: 'portable', maxDepth: 100, maxRenames: 500 })
  const deep = Array.from({ length: 90 }, () => 'd'.repeat(200))
  const add = () => {
    for (let i = 0; i < 3000; i++) paths.add([...deep, String(i)])
  }
  expect(codeOf(add)).toBe('TORRENT_PATH')
})

test('half a million directories are the most that a torrent may name', () => {
  const paths = new SafePaths('root', { rules: 'posix', maxDepth: 100, maxRenames: 500 })
  const add = (from: number, to: number) => () => {
    for (let i = from; i < to; i++) paths.add([...Array.from({ length: 99 }, () => String(i)), 'x'])
  }
  expect(codeOf(add(0, 5050))).toBe('nothing')
  expect(codeOf(add(5050, 5051))).toBe('TORRENT_PATH')
})

test('safeName gives undefined when nothing is left', () => {
  expect(['', '.', '..', '\u200f'].map((name) => safeName(name, 'portable'))).toEqual(Array(4).fill(undefined))
})
