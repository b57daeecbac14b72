// The command line as data: commands, arguments, options. What a command does is loaded when it runs, so that `--help` and
// `--version` do not wait for a BitTorrent client to load.

import { readFileSync } from 'node:fs'
import { Command, Help, Option } from 'commander'
import type { CliContext } from './cli-context.ts'
import type { CatOptions } from './commands/cat.ts'
import type { CreateOptions } from './commands/create.ts'
import type { DemoOptions } from './commands/demo.ts'
import type { DownloadOptions } from './commands/download.ts'
import type { EditOptions } from './commands/edit.ts'
import type { InfoOptions } from './commands/info.ts'
import type { SeedOptions } from './commands/seed.ts'
import type { TrackerOptions } from './commands/tracker.ts'
import type { VerifyOptions } from './commands/verify.ts'
import { byteCount, infoHashes, localHost, peerTargets, port, someText, texts, urls } from './option-values.ts'

/** What each command does. They resolve with the exit code. */
export interface CommandTable {
  info(sources: readonly string[], options: InfoOptions, context: CliContext): Promise<number>
  create(path: string, options: CreateOptions, context: CliContext): Promise<number>
  edit(source: string, options: EditOptions, context: CliContext): Promise<number>
  download(sources: readonly string[], options: DownloadOptions, context: CliContext): Promise<number>
  seed(source: string, options: SeedOptions, context: CliContext): Promise<number>
  verify(source: string, options: VerifyOptions, context: CliContext): Promise<number>
  cat(source: string, file: string | undefined, options: CatOptions, context: CliContext): Promise<number>
  tracker(options: TrackerOptions, context: CliContext): Promise<number>
  demo(options: DemoOptions, context: CliContext): Promise<number>
}

/** Runs a command whose arguments were fine; `json` says that its output is for programs. */
export type CommandRunner = (json: boolean, run: () => Promise<number>) => Promise<void>

const webProtocols = ['http:', 'https:']
const trackerProtocols = [...webProtocols, 'udp:']

const realCommands: CommandTable = {
  info: async (...args) => (await import('./commands/info.ts')).info(...args),
  create: async (...args) => (await import('./commands/create.ts')).create(...args),
  edit: async (...args) => (await import('./commands/edit.ts')).edit(...args),
  download: async (...args) => (await import('./commands/download.ts')).download(...args),
  seed: async (...args) => (await import('./commands/seed.ts')).seed(...args),
  verify: async (...args) => (await import('./commands/verify.ts')).verify(...args),
  cat: async (...args) => (await import('./commands/cat.ts')).cat(...args),
  tracker: async (...args) => (await import('./commands/tracker.ts')).tracker(...args),
  demo: async (...args) => (await import('./commands/demo.ts')).demo(...args),
}

/** The parser. It throws CommanderError for wrong usage and InputError for wrong values. */
export function buildProgram(context: CliContext, commands: Partial<CommandTable>, runner: CommandRunner): Command {
  const table: CommandTable = { ...realCommands, ...commands }
  const program = new Command('torrential')
    .description('BitTorrent from the command line')
    .version(ownVersion(), '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      // Errors are written once, by whoever catches them.
      writeErr: () => {},
      getOutHelpWidth: () => context.stdout.columns ?? 100,
    })
    .configureHelp({
      // What may be repeated is empty by default; nobody needs to be told.
      optionDescription: (option) => Help.prototype.optionDescription(option).replace(' (default: [])', ''),
    })
  addInfo(program, table, context, runner)
  addCreate(program, table, context, runner)
  addEdit(program, table, context, runner)
  addDownload(program, table, context, runner)
  addSeed(program, table, context, runner)
  addVerify(program, table, context, runner)
  addCat(program, table, context, runner)
  addTracker(program, table, context, runner)
  addDemo(program, table, context, runner)
  return program
}

function addInfo(program: Command, table: CommandTable, context: CliContext, runner: CommandRunner): void {
  program
    .command('info')
    .description('show what a torrent or a magnet link says')
    .argument('<source...>', '.torrent file, URL of one, magnet link, or - for stdin')
    .option('--json', 'one JSON object per source')
    .action((sources: string[], options: InfoOptions) =>
      runner(options.json === true, () => table.info(sources, options, context)),
    )
}

function addCreate(program: Command, table: CommandTable, context: CliContext, runner: CommandRunner): void {
  const command = program
    .command('create')
    .description('make a .torrent of a file or folder')
    .argument('<path>', 'file or folder')
    .requiredOption(
      '-o, --output <file>',
      'where to write the .torrent; an existing one is replaced',
      someText('--output'),
    )
    .option('--piece-length <bytes>', 'power of two from 16K to 512M (default: by size)', byteCount('--piece-length'))
    .option(
      '--tracker <url>',
      'announce URL; each further one is a tier of its own',
      urls('--tracker', trackerProtocols),
      [],
    )
    .option('--web-seed <url>', 'HTTP seed; may be repeated', urls('--web-seed', webProtocols), [])
    .option(
      '--collection <name>',
      'what torrents with files in common are in; may be repeated',
      texts('--collection'),
      [],
    )
    .option('--similar <infohash>', 'a torrent with files in common; may be repeated', infoHashes('--similar'), [])
    .option('--private', 'only the trackers may tell peers about each other')
    .option('--comment <text>', 'free text', someText('--comment'))
    .option('--no-date', 'leave the date out: the same input gives the same file')
    .option('--json', 'JSON lines')
  addVersionOptions(command).action((path: string, options: CreateOptions) =>
    runner(options.json === true, () => table.create(path, options, context)),
  )
}

function addEdit(program: Command, table: CommandTable, context: CliContext, runner: CommandRunner): void {
  const trackers = (option: string) => urls(option, trackerProtocols)
  const webSeeds = (option: string) => urls(option, webProtocols)
  program
    .command('edit')
    .description("change a .torrent's trackers, web seeds and comment; its infohash stays")
    .argument('<source>', '.torrent file, URL of one, or - for stdin')
    .option('-o, --output <file>', 'where to write (default: the file itself is replaced)', someText('--output'))
    .option('--tracker <url>', 'instead of all trackers; each further one is a tier', trackers('--tracker'), [])
    .option('--add-tracker <url>', 'one more, as a tier of its own; may be repeated', trackers('--add-tracker'), [])
    .option('--remove-tracker <url>', 'may be repeated', texts('--remove-tracker'), [])
    .option('--no-trackers', 'remove all of them')
    .option('--web-seed <url>', 'instead of all web seeds; may be repeated', webSeeds('--web-seed'), [])
    .option('--add-web-seed <url>', 'may be repeated', webSeeds('--add-web-seed'), [])
    .option('--remove-web-seed <url>', 'may be repeated', texts('--remove-web-seed'), [])
    .option('--no-web-seeds', 'remove all of them')
    .option('--comment <text>', 'another comment', someText('--comment'))
    .option('--no-comment', 'remove it')
    .option('--json', 'one JSON line')
    .action((source: string, options: EditOptions) =>
      runner(options.json === true, () => table.edit(source, options, context)),
    )
}

function addDownload(program: Command, table: CommandTable, context: CliContext, runner: CommandRunner): void {
  const command = program
    .command('download')
    .description('download torrents; what is on disk already is verified and kept')
    .argument(
      '[source...]',
      '.torrent file, URL of one, or magnet link (default: what is remembered and was not finished)',
    )
    .option('--path <dir>', 'folder for the files (default: the current folder)', someText('--path'))
    .option('--seed', 'go on seeding when complete')
    .option('--select <glob>', 'only matching files; may be repeated', texts('--select'), [])
    .option('--sequential', 'pieces in order')
  addSwarmOptions(command).action((sources: string[], options: DownloadOptions) =>
    runner(options.json === true, () => table.download(sources, options, context)),
  )
}

function addSeed(program: Command, table: CommandTable, context: CliContext, runner: CommandRunner): void {
  const command = program
    .command('seed')
    .description('seed the data of a .torrent, or a file or folder (its torrent is made on the fly)')
    .argument('<source>', '.torrent file or URL of one; or a file or folder to share')
    .option(
      '--path <dir>',
      'folder that holds the data of the .torrent (default: the current folder)',
      someText('--path'),
    )
    .option('-o, --output <file>', 'also write the .torrent here', someText('--output'))
    .option('--tracker <url>', 'announce here too; may be repeated', urls('--tracker', trackerProtocols), [])
  addSwarmOptions(addVersionOptions(command)).action((source: string, options: SeedOptions) =>
    runner(options.json === true, () => table.seed(source, options, context)),
  )
}

function addVerify(program: Command, table: CommandTable, context: CliContext, runner: CommandRunner): void {
  program
    .command('verify')
    .description('check data against its torrent without changing anything')
    .argument('<source>', '.torrent file or URL of one')
    .requiredOption('--path <dir>', 'folder that holds the data', someText('--path'))
    .option('--json', 'JSON lines')
    .action((source: string, options: VerifyOptions) =>
      runner(options.json === true, () => table.verify(source, options, context)),
    )
}

function addCat(program: Command, table: CommandTable, context: CliContext, runner: CommandRunner): void {
  const command = program
    .command('cat')
    .description('write a file of a torrent to stdout while it downloads')
    .argument('<source>', '.torrent file or URL of one')
    .argument('[file]', 'path, number (from 0) or glob (default: the largest file)')
    .option('--path <dir>', 'keep the data here (default: a temporary folder)', someText('--path'))
  addConnectionOptions(command).action((source: string, file: string | undefined, options: CatOptions) =>
    runner(false, () => table.cat(source, file, options, context)),
  )
}

function addTracker(program: Command, table: CommandTable, context: CliContext, runner: CommandRunner): void {
  program
    .command('tracker')
    .description('run a tracker over HTTP and UDP')
    .option('--host <addr>', 'IP address to listen on (default: all)', localHost('--host'))
    .option('--port <n>', 'port for both; 0 takes a free one', port('--port'), 6969)
    .option('--json', 'JSON lines')
    .action((options: TrackerOptions) => runner(options.json === true, () => table.tracker(options, context)))
}

function addDemo(program: Command, table: CommandTable, context: CliContext, runner: CommandRunner): void {
  program
    .command('demo')
    .description(
      'a swarm of our own on this machine: a tracker, a seed and two leeches; every byte is compared at the end',
    )
    .option('--size <bytes>', 'data to share', byteCount('--size'), 256 * 1024 * 1024)
    .option('--keep', 'leave the folder with the data')
    .option('--json', 'JSON lines')
    .action((options: DemoOptions) => runner(options.json === true, () => table.demo(options, context)))
}

/** Options of the commands that make torrents. */
function addVersionOptions(command: Command): Command {
  const old = 'for old programs: aria2 up to 1.36 and transmission 3 cannot read hybrids'
  return command
    .addOption(new Option('--v1', old).conflicts(['v2', 'hybrid']))
    .addOption(new Option('--v2', 'BitTorrent v2 alone').conflicts(['v1', 'hybrid']))
    .addOption(new Option('--hybrid', 'v1 and v2 in one (default)').conflicts(['v1', 'v2']))
}

/** Options of the commands that stay in a swarm. */
function addSwarmOptions(command: Command): Command {
  return addConnectionOptions(command)
    .option('--max-up <bytes>', 'limit per second, such as 500K', byteCount('--max-up'))
    .option('--state <dir>', "folder for resume records (default: the platform's)", someText('--state'))
    .option('--json', 'JSON lines')
}

/** Options of every command that connects to peers. */
function addConnectionOptions(command: Command): Command {
  return command
    .option('--peer <host:port>', 'connect to this peer; may be repeated', peerTargets('--peer'), [])
    .option(
      '--port <n>',
      'port to listen on; 0 takes a free one (default: 6881 to 6889, or a free one)',
      port('--port'),
    )
    .option('--host <addr>', 'IP address to listen on (default: all)', localHost('--host'))
    .option('--no-trackers', 'do not announce')
    .option('--any-local-tracker', 'trackers in the own network may have any path and query, such as a passkey')
    .option('--max-down <bytes>', 'limit per second, such as 2M', byteCount('--max-down'))
}

function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return version
}
