/** Variables a worker may see: what Python, torch, CUDA and the hub need, and nothing of the application's. */
const NAMES = new Set([
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "LANG",
  "LANGUAGE",
  "TZ",
  "TMPDIR",
  "TEMP",
  "TMP",
  "SYSTEMROOT",
  "LD_LIBRARY_PATH",
  "DYLD_LIBRARY_PATH",
  "LIBRARY_PATH",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "REQUESTS_CA_BUNDLE",
  "CURL_CA_BUNDLE",
  "PYTORCH_ALLOC_CONF",
  "PYTORCH_CUDA_ALLOC_CONF",
]);

const PREFIXES = [
  "LC_",
  "XDG_",
  "HF_",
  "HUGGINGFACE_",
  "CUDA_",
  "NVIDIA_",
  "CUBLAS_",
  "NCCL_",
  "TORCH_",
  "OMP_",
  "MKL_",
  "KMP_",
  "OPENBLAS_",
  "MALLOC_",
];

/** The environment of a worker process. @param own - variables for this worker alone */
export function workerEnvironment(
  parent: NodeJS.ProcessEnv,
  own: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(parent)) {
    if (value === undefined) continue;
    if (NAMES.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix))) environment[name] = value;
  }
  return {
    // Downloading a model is no reason to be counted.
    HF_HUB_DISABLE_TELEMETRY: "1",
    ...environment,
    ...own,
    PYTHONUNBUFFERED: "1",
    PYTHONNOUSERSITE: "1",
    // The fast tokenizers' own threads and ours get in each other's way.
    TOKENIZERS_PARALLELISM: "false",
  };
}
