export type { AgentOptions } from "./agents/agents.ts";
export { type AgentRegistry, agentRegistryClient, type KnownAgent } from "./agents/registry.ts";
export { captureProblem, runCapture, type CaptureOptions, type Live } from "./capture.ts";
export { archiveProgressClient, importedFilesClient, registryClient } from "./clients.ts";
export { CaptureError, type CaptureErrorCode } from "./error.ts";
export type { ImportedChat, ImportResult } from "./import.ts";
export type { ArchiveProgress, ImportedFiles, Publisher, RecordedLine, Registry } from "./ports.ts";
export { scopeHash, type ScopeRules, scopeRules } from "./scope.ts";
export { showSpool, spooledProgress, spoolTroubleLog } from "./spooled.ts";
