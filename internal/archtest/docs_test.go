package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

// What is code in the document: pkg.Name, pkg.T.Member, pkg.(*T).Method, and paths of files.
var (
	codeSpan    = regexp.MustCompile("`([^`\n]+)`")
	methodName  = regexp.MustCompile(`\b([a-z]\w*)\.\(\*?([A-Za-z]\w*)\)\.([A-Za-z]\w*)`)
	plainName   = regexp.MustCompile(`\b([a-z]\w*)\.([A-Za-z]\w*)(?:\.([A-Z]\w*))?`)
	fileMention = regexp.MustCompile(`\b[\w/]+\.(?:go|md|txt)\b`)
)

// TestArchitectureNamesExist keeps docs/architecture.md in step with the code: every
// Go name and every file that it mentions in code marks exists.
func TestArchitectureNamesExist(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	names, packages := declared(t)
	seen := 0
	for i, line := range strings.Split(string(text), "\n") {
		for _, span := range codeSpan.FindAllStringSubmatch(line, -1) {
			for _, file := range fileMention.FindAllString(span[1], -1) {
				if _, err := os.Stat(filepath.Join(root, file)); err != nil {
					t.Errorf("line %d: there is no file %s", i+1, file)
				}
				seen++
			}
			for _, want := range mentions(span[1]) {
				if pkg, _, _ := strings.Cut(want, "."); !packages[pkg] {
					continue // SQL, or of another module
				}
				if !names[want] {
					t.Errorf("line %d: `%s`: there is no %s", i+1, span[1], want)
				}
				seen++
			}
		}
	}
	if seen < 50 {
		t.Errorf("only %d names were found in the document: is the pattern still right?", seen)
	}
}

// mentions lists the names in a piece of code as "pkg.Name" and "pkg.T.Method".
func mentions(code string) (list []string) {
	for _, m := range methodName.FindAllStringSubmatch(code, -1) {
		list = append(list, m[1]+"."+m[2], m[1]+"."+m[2]+"."+m[3])
	}
	for _, m := range plainName.FindAllStringSubmatch(code, -1) {
		list = append(list, m[1]+"."+m[2])
		if m[3] != "" {
			list = append(list, m[1]+"."+m[2]+"."+m[3])
		}
	}
	return list
}

// declared lists what the packages of the repository declare, by package name, in
// the notation of mentions: functions, types, constants, variables, methods, fields.
func declared(t *testing.T) (names, packages map[string]bool) {
	names, packages = make(map[string]bool), make(map[string]bool)
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && (name == "testdata" || name == "bench" || name != ".." && strings.HasPrefix(name, ".")) {
			return filepath.SkipDir
		}
		if path.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		pkg := f.Name.Name
		packages[pkg] = true
		for _, decl := range f.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				name := decl.Name.Name
				if decl.Recv != nil {
					name = receiver(decl.Recv.List[0].Type) + "." + name
				}
				names[pkg+"."+name] = true
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					addSpec(names, pkg, spec)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names, packages
}

func addSpec(names map[string]bool, pkg string, spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		for _, n := range spec.Names {
			names[pkg+"."+n.Name] = true
		}
	case *ast.TypeSpec:
		of := pkg + "." + spec.Name.Name
		names[of] = true
		var members *ast.FieldList
		switch typ := spec.Type.(type) {
		case *ast.StructType:
			members = typ.Fields
		case *ast.InterfaceType:
			members = typ.Methods
		default:
			return
		}
		for _, field := range members.List {
			for _, n := range field.Names {
				names[of+"."+n.Name] = true
			}
		}
	}
}

// receiver is the name of a method's type, without pointer and type parameters.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
