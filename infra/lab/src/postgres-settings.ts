/** Settings of the lab's server. What it writes down of a statement is nothing, as in an organisation's. @param durable whether it fsyncs */
export function serverSettings(port: number, durable: boolean): string[] {
  return [
    "listen_addresses=127.0.0.1",
    `port=${port}`,
    "unix_socket_directories=",
    "ssl=on",
    "ssl_cert_file=server.pem",
    "ssl_key_file=server.key",
    "ssl_ca_file=ca.pem",
    "password_encryption=scram-sha-256",
    "shared_buffers=128MB",
    "max_connections=60",
    "wal_level=minimal",
    "max_wal_senders=0",
    `fsync=${durable ? "on" : "off"}`,
    // In a file of the cluster: what is killed leaves nothing in /dev/shm.
    "dynamic_shared_memory_type=mmap",
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
    "log_parameter_max_length_on_error=0",
  ];
}

/** `pg_hba.conf`: SCRAM over TLS and nothing else. @param certified who has to show a certificate besides */
export function accessRules(certified: string): string {
  return [
    `hostssl all ${certified} 127.0.0.1/32 scram-sha-256 clientcert=verify-full`,
    "hostssl all all 127.0.0.1/32 scram-sha-256",
    "",
  ].join("\n");
}
