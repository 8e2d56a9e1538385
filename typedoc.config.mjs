import { OptionDefaults } from "typedoc";

/** @type {Partial<import("typedoc").TypeDocOptions & import("typedoc-plugin-markdown").PluginOptions>} */
export default {
  entryPoints: ["ts-client/src/index.ts"],
  tsconfig: "tsconfig.build.json",
  out: "docs/api",
  plugin: ["typedoc-plugin-markdown"],
  name: "API",
  readme: "none",

  // One page a symbol, and nothing in it that changes when the symbol does not.
  router: "kind",
  disableSources: true,
  disableGit: true,
  excludeExternals: true,
  excludeInternal: true,
  excludePrivate: true,
  hideBreadcrumbs: true,
  hidePageHeader: true,

  expandParameters: true,
  indexFormat: "table",
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  classPropertiesFormat: "table",
  typeAliasPropertiesFormat: "table",
  tableColumnSettings: { hideInherited: true, hideModifiers: true, hideOverrides: true },

  blockTags: [...OptionDefaults.blockTags, "@unit"],
  validation: {
    notExported: true,
    invalidLink: true,
    invalidPath: true,
    rewrittenLink: true,
    notDocumented: true,
    unusedMergeModuleWith: true,
  },
  requiredToBeDocumented: ["Class", "Interface", "TypeAlias", "Variable", "Function", "Method", "Accessor"],
  // Named by a public type, and of no use by themselves.
  intentionallyNotExported: [
    "FAILURES",
    "Given",
    "LOG_LEVELS",
    "PartOf",
    "TensorOperation",
    "TypedArrays",
    "WireForwardOp",
    "WithinPart",
  ],
  treatWarningsAsErrors: true,
};
