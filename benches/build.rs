//! Builds the peer's C, where it is asked for.

fn main() {
    #[cfg(feature = "xmlsec")]
    {
        println!("cargo::rerun-if-changed=signing/xmlsec.c");
        let found = pkg_config::Config::new().probe("xmlsec1-openssl");
        let library = match found {
            Ok(library) => library,
            Err(error) => {
                println!(
                    "cargo::error=libxmlsec1's headers are missing (tests/setup --bench): {error}"
                );
                return;
            }
        };
        let mut build = cc::Build::new();
        build.file("signing/xmlsec.c").opt_level(2);
        for path in library.include_paths {
            build.include(path);
        }
        for (name, value) in library.defines {
            build.define(&name, value.as_deref());
        }
        build.compile("tongguan_bench_xmlsec");
    }
}
