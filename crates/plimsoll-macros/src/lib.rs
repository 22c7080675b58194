//! The attribute macros of the `plimsoll` crate.

use proc_macro::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Expr, ItemFn, LitStr, ReturnType, Token, Type, parse_macro_input};

/// Times each call of a function, by outcome.
///
/// ```text
/// #[plimsoll::track]
/// async fn price(order: &Order) -> Result<Money, Error> { … }
///
/// #[plimsoll::track(name = "checkout::reserve", monitor = self.monitor)]
/// fn reserve(&self, item: Item) { … }
/// ```
///
/// - `name`: what the calls are counted as; otherwise the module's path and the function's name.
/// - `monitor`: whose calls they are, any expression that is `AsRef<Monitor>`; it may use the function's arguments.
///   Otherwise it is the monitor of the request that is being handled (its layer says so to the thread while it polls the
///   handler), or of the innermost `Monitor::scope` or `Monitor::enter`. A task that a request spawns is in none of them.
///   Outside of any, nothing is recorded and no clock is read.
///
/// The outcome is `error` when the function's return type is called `Result` and the value is `Err`, `panic` when it
/// panics, `cancelled` when its future is dropped before the end, else `ok`. A future is timed from its first poll.
///
/// It works on functions and methods, async or not, generic or not. It cannot see into a function that only *returns* a
/// future: there it times the making of it. Under `#[async_trait]`, put it on a function that the method calls.
#[proc_macro_attribute]
pub fn track(arguments: TokenStream, function: TokenStream) -> TokenStream {
    let arguments = parse_macro_input!(arguments as Arguments);
    let function = parse_macro_input!(function as ItemFn);
    match expand(arguments, function) {
        Ok(expanded) => expanded.into(),
        Err(error) => error.into_compile_error().into(),
    }
}

#[derive(Default)]
struct Arguments {
    name: Option<LitStr>,
    monitor: Option<Expr>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut arguments = Self::default();
        while !input.is_empty() {
            let key: syn::Ident = input.parse()?;
            input.parse::<Token![=]>()?;
            let known = match key.to_string().as_str() {
                "name" => arguments.name.replace(input.parse()?).is_some(),
                "monitor" => arguments.monitor.replace(input.parse()?).is_some(),
                _ => return Err(syn::Error::new(key.span(), "expected `name` or `monitor`")),
            };
            if known {
                return Err(syn::Error::new(
                    key.span(),
                    format!("`{key}` is given twice"),
                ));
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(arguments)
    }
}

fn expand(arguments: Arguments, function: ItemFn) -> syn::Result<proc_macro2::TokenStream> {
    let ItemFn {
        attrs,
        vis,
        sig,
        block,
        ..
    } = function;
    if let Some(token) = &sig.constness {
        return Err(syn::Error::new(
            token.span,
            "a `const fn` runs at compile time and cannot be timed",
        ));
    }
    let name = match arguments.name {
        Some(name) => quote!(#name),
        None => {
            let ident = sig.ident.to_string();
            let ident = ident.trim_start_matches("r#");
            quote!(::core::concat!(::core::module_path!(), "::", #ident))
        }
    };
    let begin = match arguments.monitor {
        Some(monitor) => quote!(::plimsoll::instruments::expanded::begin_in(&(#monitor), #name)),
        None => quote!(::plimsoll::instruments::expanded::begin(#name)),
    };
    let is_result = is_result(&sig.output);
    let end = quote! {
        __plimsoll_call.end(if ::core::result::Result::is_err(&__plimsoll_value) {
            ::plimsoll::instruments::expanded::Outcome::Error
        } else {
            ::plimsoll::instruments::expanded::Outcome::Ok
        });
    };
    let end = if is_result {
        end
    } else {
        quote!(__plimsoll_call.end(::plimsoll::instruments::expanded::Outcome::Ok);)
    };
    // A type that says `impl` cannot be repeated; the body then has to determine it alone, as in any block.
    let annotation = match &sig.output {
        ReturnType::Type(_, output)
            if !says_impl(output) && !matches!(**output, Type::Never(_)) =>
        {
            quote!(: #output)
        }
        ReturnType::Default => quote!(: ()),
        ReturnType::Type(..) => quote!(),
    };
    let body = if sig.asyncness.is_some() {
        quote! {
            let __plimsoll_call = #begin;
            #[allow(clippy::let_unit_value, unreachable_code)]
            let __plimsoll_value #annotation = async move #block.await;
            #end
            __plimsoll_value
        }
    } else if is_result {
        quote! {
            let __plimsoll_call = #begin;
            #[allow(clippy::let_unit_value, unreachable_code)]
            let __plimsoll_value #annotation = ::plimsoll::instruments::expanded::call(move || #block);
            #end
            __plimsoll_value
        }
    } else {
        // Whether it returns early or at the end: all that counts is that it did not panic.
        let statements = &block.stmts;
        quote! {
            let __plimsoll_call = (#begin).ends_when_dropped();
            #(#statements)*
        }
    };
    Ok(quote! {
        #(#attrs)*
        #vis #sig {
            #body
        }
    })
}

fn is_result(output: &ReturnType) -> bool {
    let ReturnType::Type(_, output) = output else {
        return false;
    };
    let Type::Path(path) = &**output else {
        return false;
    };
    path.path
        .segments
        .last()
        .is_some_and(|segment| segment.ident == "Result")
}

fn says_impl(output: &Type) -> bool {
    quote!(#output)
        .to_string()
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|word| word == "impl")
}
