// Running the command line inside another program
export { runCli } from './run-cli.ts'
export type { CliContext, OutputStream } from './cli-context.ts'
export { Interruption } from './cli-context.ts'
export type { CommandTable } from './program.ts'
export { EXIT } from './exit-code.ts'
// What --json prints
export type {
  CheckingLine,
  CreatedLine,
  DemoLine,
  DoneLine,
  EditedLine,
  ErrorLine,
  FileCompleteLine,
  FileDamagedLine,
  HashingLine,
  LaggedLine,
  PieceLine,
  ProgressLine,
  ReadyLine,
  ReportLine,
  StepLine,
  StoppingLine,
  TorrentDoneLine,
  VerifiedLine,
  WarningLine,
} from './json-lines.ts'
export type { TorrentSummary } from './torrent-summary.ts'
