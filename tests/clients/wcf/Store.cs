// The .NET client of WCF Data Services against the store of fixture/, served as version 2.0 or 3.0.
// It speaks Atom and XML only, and takes no answer of a DataServiceVersion above 2.0, parts of a batch included.
// Each case starts from the rows of the file, which the service brings back by its reset path.

using System;
using System.Collections.Generic;
using System.Collections.ObjectModel;
using System.Data.Services.Client;
using System.Data.Services.Common;
using System.Linq;
using System.Net;
using static Report;

[DataServiceKey("ID")]
public class Category
{
    public int ID { get; set; }
    public string Name { get; set; }
    public Collection<Product> Products { get; set; } = new Collection<Product>();
}

[DataServiceKey("ID")]
public class Product
{
    public int ID { get; set; }
    public string Name { get; set; }
    public string Description { get; set; }
    public decimal? Price { get; set; }
    public long? Quantity { get; set; }
    public DateTime? ReleaseDate { get; set; }
    public bool? Discontinued { get; set; }
    public Guid? RowId { get; set; }
    public int? CategoryID { get; set; }
    public Category Category { get; set; }
}

public class Store : DataServiceContext
{
    public static string Root;

    public Store() : base(new Uri(Root))
    {
        MergeOption = MergeOption.OverwriteChanges;
        ResolveName = type => "Demo." + type.Name;
        ResolveType = name => typeof(Store).Assembly.GetType(name.Split('.').Last());
    }

    public DataServiceQuery<Product> Products => CreateQuery<Product>("Products");
    public DataServiceQuery<Category> Categories => CreateQuery<Category>("Categories");

    /// <summary>A product by its key, as a client reads it that has seen nothing yet.</summary>
    public static Product Fresh(int id, string expanded = null)
    {
        var products = new Store().Products;
        return (expanded == null ? products : products.Expand(expanded)).Where(p => p.ID == id).Single();
    }
}

static class StoreCases
{
    const string Quoted = "Bob's Milk";
    const string Ampersand = "Bread & Butter";

    static IEnumerable<int> Keys(IEnumerable<Product> products) => products.Select(p => p.ID).ToList();

    static int[] Statuses(DataServiceResponse response) => response.Select(operation => operation.StatusCode).ToArray();

    static Product Made(string name) => new Product { Name = name, RowId = Guid.NewGuid() };

    public static void Reading()
    {
        Case("all pages are read by their continuations", () =>
        {
            var store = new Store();
            var page = (QueryOperationResponse<Product>)store.Products.Execute();
            var pages = new List<string> { string.Join(",", Keys(page)) };
            for (var next = page.GetContinuation(); next != null; next = page.GetContinuation())
            {
                page = store.Execute(next);
                pages.Add(string.Join(",", Keys(page)));
            }
            Same(new[] { "1,2,3", "4,5" }, pages, "pages");
        });
        Case("a key in Where is a key in the path, and values are typed", () =>
        {
            var product = Store.Fresh(1);
            Equal("Chai", product.Name, "Name");
            Equal(null, product.Description, "Description");
            Equal(18.00m, product.Price, "Price");
            Equal(9007199254740993, product.Quantity, "Quantity");
            Equal(new DateTime(2020, 1, 1, 12, 30, 0), product.ReleaseDate, "ReleaseDate");
            Equal(false, product.Discontinued, "Discontinued");
            Equal(new Guid("00000000-0000-0000-0000-000000000001"), product.RowId, "RowId");
        });
        Case("decimal, datetime, guid and bool literals, orderby, Skip and Take", () =>
        {
            var day = new DateTime(2019, 1, 1);
            var other = new Guid(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
            var query = from p in new Store().Products
                        where p.Price > 1.5m && p.ReleaseDate > day && p.RowId != other && p.Discontinued == false
                        orderby p.Name descending
                        select p;
            Same(new[] { 4, 1, 2 }, Keys(query), "keys");
            Same(new[] { 1 }, Keys(query.Skip(1).Take(1)), "keys of the second");
        });
        Case("methods of strings and dates become functions", () =>
        {
            var products = new Store().Products;
            Same(new[] { 1 }, Keys(products.Where(p => p.Name.StartsWith("Ch") && p.Name.Length == 4)), "StartsWith, Length");
            Same(new[] { 2 }, Keys(products.Where(p => p.Name.ToLower().Contains("milk"))), "ToLower, Contains");
            Same(new[] { 4 }, Keys(products.Where(p => p.ReleaseDate.Value.Day == 4 && p.ReleaseDate.Value.Year == 2020)), "Day, Year");
            Same(new[] { 3 }, Keys(products.Where(p => p.Category.Name.EndsWith("more") && p.ID % 2 == 1)), "EndsWith, %");
        });
        Case("a quote and an ampersand in a string", () =>
        {
            Same(new[] { 2 }, Keys(new Store().Products.Where(p => p.Name == Quoted)), "keys of a quote");
            Same(new[] { 3 }, Keys(new Store().Products.Where(p => p.Name == Ampersand)), "keys of an ampersand");
        });
        Case("a comparison with null", () =>
            Same(new[] { 1, 3, 5 }, Keys(new Store().Products.Where(p => p.Description == null)), "keys"));
        Case("Expand of one entity", () => Equal("Beverages", Store.Fresh(1, "Category").Category.Name, "Category/Name"));
        Case("Expand of a collection", () =>
        {
            var category = new Store().Categories.Expand("Products").Where(c => c.ID == 1).Single();
            Same(new[] { 1, 2 }, Keys(category.Products), "Products");
        });
        Case("a projection becomes $select", () =>
        {
            var rows = from p in new Store().Products where p.ID < 3 select new { p.ID, p.Name };
            Same(new[] { "1 Chai", "2 Bob's Milk" }, rows.ToList().Select(row => row.ID + " " + row.Name), "rows");
            True(rows.ToString().Contains("$select=ID,Name"), "the URL selects: " + rows);
        });
        Case("IncludeTotalCount counts what Take leaves out", () =>
        {
            var query = (DataServiceQuery<Product>)new Store().Products.IncludeTotalCount().Take(1);
            var page = (QueryOperationResponse<Product>)query.Execute();
            Same(new[] { 1 }, Keys(page), "keys");
            Equal(5, page.TotalCount, "TotalCount");
        });
        Case("Count asks $count", () =>
        {
            Equal(5, new Store().Products.Count(), "all");
            Equal(2L, new Store().Products.Where(p => p.CategoryID == 2).LongCount(), "of a filter");
        });
        Case("LoadProperty follows a link to one entity", () =>
        {
            var store = new Store();
            var product = store.Products.Where(p => p.ID == 1).Single();
            store.LoadProperty(product, "Category");
            Equal(1, product.Category.ID, "Category/ID");
        });
        Case("LoadProperty follows a link to many", () =>
        {
            var store = new Store();
            var category = store.Categories.Where(c => c.ID == 2).Single();
            store.LoadProperty(category, "Products");
            Same(new[] { 3, 4 }, Keys(category.Products), "Products");
        });
        Case("properties are read by their paths", () =>
        {
            Equal(Quoted, new Store().Execute<string>(new Uri("Products(2)/Name", UriKind.Relative)).Single(), "Name");
            Equal(2.5m, new Store().Execute<decimal>(new Uri("Products(2)/Price", UriKind.Relative)).Single(), "Price");
        });
        Case("an entity that does not exist is 404", () =>
        {
            var fault = Thrown<DataServiceQueryException>(() => Store.Fresh(99999));
            Equal(404, fault.Response.StatusCode, "status");
        });
        Case("a query that the service does not understand is 400", () =>
        {
            var query = new Store().Products.AddQueryOption("$filter", "Prize gt 1");
            var fault = Thrown<DataServiceQueryException>(() => query.ToList());
            Equal(400, fault.Response.StatusCode, "status");
        });
    }

    public static void Writing()
    {
        Case("insert, merge, replace and delete, each with the ETag of the write before", () =>
        {
            var store = new Store();
            var product = new Product
            {
                Name = "Räksmörgås <&>", Description = "fresh", Price = 3.5m, Quantity = 5, Discontinued = true, CategoryID = 1,
                ReleaseDate = new DateTime(2021, 2, 3, 4, 5, 6, DateTimeKind.Utc), RowId = Guid.NewGuid()
            };
            store.AddObject("Products", product);
            Same(new[] { 201 }, Statuses(store.SaveChanges()), "POST");
            var held = store.GetEntityDescriptor(product);
            Equal(6, product.ID, "the key that the service made");
            Equal(new Uri(Store.Root + "Products(6)"), held.EditLink, "EditLink");
            Equal(Store.Root + "Products(6)", held.Identity, "Identity");
            True(held.ETag != null, "an ETag came with the entity");

            var first = held.ETag;
            product.Price = 4m;
            store.UpdateObject(product);
            Same(new[] { 204 }, Statuses(store.SaveChanges()), "MERGE");
            True(held.ETag != null && held.ETag != first, "the ETag came anew after MERGE");
            var merged = Store.Fresh(6);
            Equal(4m, merged.Price, "merged Price");
            Equal("Räksmörgås <&>", merged.Name, "merged Name");
            Equal(product.ReleaseDate.Value.Ticks, merged.ReleaseDate.Value.Ticks, "merged ReleaseDate");

            var second = held.ETag;
            product.Name = "replaced";
            product.Description = null;
            store.UpdateObject(product);
            Same(new[] { 204 }, Statuses(store.SaveChanges(SaveChangesOptions.ReplaceOnUpdate)), "PUT");
            True(held.ETag != null && held.ETag != second, "the ETag came anew after PUT");
            Equal(null, Store.Fresh(6).Description, "replaced Description");

            store.DeleteObject(product);
            Same(new[] { 204 }, Statuses(store.SaveChanges()), "DELETE");
            Equal(5, new Store().Products.Count(), "rows");
        });
        Case("an old ETag is 412", () =>
        {
            var store = new Store();
            var other = new Store();
            var product = store.Products.Where(p => p.ID == 2).Single();
            var same = other.Products.Where(p => p.ID == 2).Single();
            product.Price = 1m;
            store.UpdateObject(product);
            store.SaveChanges();
            same.Price = 2m;
            other.UpdateObject(same);
            var fault = Thrown<DataServiceRequestException>(() => other.SaveChanges());
            Equal(412, ((DataServiceClientException)fault.InnerException).StatusCode, "status of an update");
            other.DeleteObject(same);
            fault = Thrown<DataServiceRequestException>(() => other.SaveChanges());
            Equal(412, ((DataServiceClientException)fault.InnerException).StatusCode, "status of a deletion");
            Equal(1m, Store.Fresh(2).Price, "Price");
        });
        Case("SetLink sets a link, and takes it away", () =>
        {
            var store = new Store();
            var product = store.Products.Where(p => p.ID == 5).Single();
            store.SetLink(product, "Category", store.Categories.Where(c => c.ID == 2).Single());
            store.SaveChanges();
            Equal(2, Store.Fresh(5, "Category").Category.ID, "Category/ID");
            store.SetLink(product, "Category", null);
            store.SaveChanges();
            Equal(null, Store.Fresh(5, "Category").Category, "Category");
        });
        Case("AddLink and DeleteLink change a collection", () =>
        {
            var store = new Store();
            var category = store.Categories.Where(c => c.ID == 1).Single();
            var product = store.Products.Where(p => p.ID == 5).Single();
            store.AddLink(category, "Products", product);
            store.SaveChanges();
            Same(new[] { 1, 2, 5 }, Keys(new Store().Products.Where(p => p.Category.ID == 1)), "after AddLink");
            store.DeleteLink(category, "Products", product);
            store.SaveChanges();
            Same(new[] { 1, 2 }, Keys(new Store().Products.Where(p => p.Category.ID == 1)), "after DeleteLink");
        });
        Case("AddRelatedObject creates below another entity", () =>
        {
            var store = new Store();
            var category = store.Categories.Where(c => c.ID == 2).Single();
            var product = Made("related");
            store.AddRelatedObject(category, "Products", product);
            Same(new[] { 201 }, Statuses(store.SaveChanges()), "status");
            Equal(2, Store.Fresh(product.ID, "Category").Category.ID, "Category/ID");
        });
        Case("an update is tunnelled through POST", () =>
        {
            var store = new Store { UsePostTunneling = true };
            var product = store.Products.Where(p => p.ID == 4).Single();
            product.Description = "tunnelled";
            store.UpdateObject(product);
            store.SaveChanges();
            Equal("tunnelled", Store.Fresh(4).Description, "Description");
            store.DeleteObject(product);
            store.SaveChanges();
            Equal(4, new Store().Products.Count(), "rows after a tunnelled DELETE");
        });
        Case("a write that waits for 100 Continue", () =>
        {
            ServicePointManager.Expect100Continue = true;
            var store = new Store();
            store.AddObject("Products", Made("expected"));
            Same(new[] { 201 }, Statuses(store.SaveChanges()), "status");
            ServicePointManager.Expect100Continue = false;
        });
    }

    public static void Batches()
    {
        Case("one change set of two inserts, and of two deletions", () =>
        {
            var store = new Store();
            var made = new[] { Made("one"), Made("two") };
            foreach (var product in made) store.AddObject("Products", product);
            var response = store.SaveChanges(SaveChangesOptions.Batch);
            True(response.IsBatchResponse, "the answer is a batch");
            Equal(202, response.BatchStatusCode, "status");
            Same(new[] { 201, 201 }, Statuses(response), "statuses");
            Same(new[] { 6, 7 }, Keys(made), "keys that the service made");
            foreach (var product in made) store.DeleteObject(product);
            Same(new[] { 204, 204 }, Statuses(store.SaveChanges(SaveChangesOptions.Batch)), "statuses of the deletions");
            Equal(5, new Store().Products.Count(), "rows");
        });
        Case("a change set links two entities that it creates", () =>
        {
            var store = new Store();
            var category = new Category { Name = "new" };
            var product = Made("linked");
            store.AddObject("Categories", category);
            store.AddObject("Products", product);
            store.SetLink(product, "Category", category);
            Same(new[] { 201, 201, 204 }, Statuses(store.SaveChanges(SaveChangesOptions.Batch)), "statuses");
            Equal("new", Store.Fresh(product.ID, "Category").Category.Name, "Category/Name");
        });
        Case("a change set with a fault changes nothing", () =>
        {
            var store = new Store();
            var gone = new Product { ID = 99999 };
            store.AddObject("Products", Made("undone"));
            store.AttachTo("Products", gone);
            store.DeleteObject(gone);
            Thrown<DataServiceRequestException>(() => store.SaveChanges(SaveChangesOptions.Batch));
            Equal(5, new Store().Products.Count(), "rows");
        });
        Case("a batch of two queries", () =>
        {
            var store = new Store();
            var response = store.ExecuteBatch((DataServiceRequest)store.Products, (DataServiceRequest)store.Categories);
            var answers = response.Cast<QueryOperationResponse>().ToList();
            Equal(202, response.BatchStatusCode, "status");
            Same(new[] { 1, 2, 3 }, Keys(answers[0].Cast<Product>()), "Products");
            Same(new[] { 1, 2 }, answers[1].Cast<Category>().Select(c => c.ID), "Categories");
        });
    }
}

static class Program
{
    /// <summary>Program.exe (store|machines) ROOT</summary>
    static int Main(string[] words)
    {
        ServicePointManager.Expect100Continue = false;
        if (words.Length == 2 && words[0] == "machines")
        {
            Machines.Cases(words[1]);
            return 0;
        }
        if (words.Length != 2 || words[0] != "store") return 2;
        Store.Root = words[1];
        Before = () => new WebClient().UploadString(Store.Root + "reset", "");
        StoreCases.Reading();
        StoreCases.Writing();
        StoreCases.Batches();
        return 0;
    }
}
