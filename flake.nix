{
  description = "Redix: a Redis-compatible in-memory key-value store on Effect";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;

      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
      forAllSystems = make: lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});

      manifest = lib.importJSON ./package.json;
      lock = lib.importJSON ./package-lock.json;

      # One package of the lock file, as the tarball npm fetches from its own default registry. The lock names no
      # registry; its integrity is the hash of the tarball, so Nix can check it without knowing where it came from.
      fetchPackage =
        pkgs: path: module:
        let
          name = module.name or (lib.last (lib.splitString "node_modules/" path));
          spec = "${name}@${module.version}";
        in
        pkgs.runCommand "${lib.strings.sanitizeDerivationName "${name}-${module.version}"}.tgz"
          {
            nativeBuildInputs = [
              pkgs.nodejs_24
              pkgs.cacert
            ];
            outputHashMode = "flat";
            outputHash = module.integrity;
            impureEnvVars = lib.fetchers.proxyImpureEnvVars;
          }
          ''
            export HOME="$TMPDIR" SSL_CERT_FILE="${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt"
            npm pack --silent ${lib.escapeShellArg spec}
            mv ./*.tgz "$out"
          '';
    in
    {
      packages = forAllSystems (pkgs: rec {
        redix = pkgs.buildNpmPackage {
          pname = manifest.name;
          version = manifest.version;
          src = self;
          nodejs = pkgs.nodejs_24;

          npmDeps = pkgs.importNpmLock {
            npmRoot = self;
            packageSourceOverrides = lib.mapAttrs (fetchPackage pkgs) (
              lib.filterAttrs (path: module: path != "" && module ? integrity) lock.packages
            );
          };
          npmConfigHook = pkgs.importNpmLock.npmConfigHook;

          npmFlags = [ "--ignore-scripts" ];

          meta = {
            description = manifest.description;
            license = lib.licenses.mit;
            mainProgram = "redix-server";
          };
        };
        default = redix;
      });

      apps = forAllSystems (pkgs: {
        default = {
          type = "app";
          program = lib.getExe self.packages.${pkgs.stdenv.hostPlatform.system}.redix;
        };
      });

      devShells = forAllSystems (pkgs: {
        default = pkgs.mkShell {
          packages = [
            pkgs.nodejs_24
            pkgs.redis
          ];
        };
      });
    };
}
