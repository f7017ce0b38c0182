import { ComposeError } from "../error.ts";

/** Values of PostgreSQL's settings, by name. */
export type Settings = Readonly<Record<string, string | number | boolean>>;

// research/performance.md section 1.
const TUNING: Settings = {
  shared_buffers: "256MB",
  work_mem: "32MB",
  maintenance_work_mem: "128MB",
  max_connections: 60,
  max_wal_size: "2GB",
  wal_compression: "on",
  checkpoint_timeout: "15min",
  random_page_cost: 1.1,
  jit: false,
  // Nothing is replicated, so the log need hold only what a restart needs.
  wal_level: "minimal",
  max_wal_senders: 0,
};

// Values reach an error's first line, a statement or its parameters: none of the three is ever written down.
const SILENCE: Settings = {
  log_min_messages: "log",
  log_min_error_statement: "panic",
  log_error_verbosity: "terse",
  log_statement: "none",
  log_duration: false,
  log_min_duration_statement: -1,
  log_min_duration_sample: -1,
  log_parameter_max_length: 0,
  log_parameter_max_length_on_error: 0,
  log_temp_files: -1,
  log_checkpoints: false,
  log_connections: "",
  log_disconnections: false,
  log_lock_waits: false,
  logging_collector: false,
  log_destination: "stderr",
  log_timezone: "UTC",
  debug_print_parse: false,
  debug_print_rewritten: false,
  debug_print_plan: false,
  update_process_title: false,
};

const FIXED: Settings = {
  ...SILENCE,
  timezone: "UTC",
  listen_addresses: "",
  unix_socket_permissions: "0700",
  password_encryption: "scram-sha-256",
  fsync: true,
  full_page_writes: true,
  cluster_name: "daybook",
};

const TUNABLE =
  /^(?:shared_buffers|work_mem|maintenance_work_mem|temp_buffers|max_connections|(?:min|max)_wal_size|wal_(?:buffers|compression|level|writer_delay)|max_wal_senders|checkpoint_(?:timeout|completion_target)|(?:random|seq)_page_cost|effective_(?:cache_size|io_concurrency)|jit|max_parallel_\w+|max_worker_processes|io_\w+|autovacuum_\w+|default_statistics_target|gin_pending_list_limit|commit_(?:delay|siblings)|bgwriter_\w+|huge_pages)$/;

/** @throws {ComposeError} `bad-setting` for anything but tuning */
export function checkTuning(tuning: Settings): void {
  for (const [name, value] of Object.entries(tuning)) {
    const safe = TUNABLE.test(name) && /^[\w.%]{1,40}$/.test(String(value));
    if (!safe) throw new ComposeError("bad-setting", `PostgreSQL's setting ${name} is not for tuning`);
  }
}

/**
 * The server's settings as arguments. They stand above its files, so what an edited file says changes nothing of
 * this: no TCP, no statements or values in the log, no unsafe writing.
 *
 * @param tuning passed by `checkTuning`
 */
export function settingArguments(socketDir: string, tuning: Settings): string[] {
  const all: Settings = { ...TUNING, ...tuning, ...FIXED, unix_socket_directories: socketDir };
  return Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}
