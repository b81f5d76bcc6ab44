// Reports of cases, a line each: "ok", a tab and the name; or "failed", the name and what was wrong.
// A case that fails does not end the program: the others are still worth knowing.

using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;

static class Report
{
    /// <summary>What happens before each case; its fault is that of the case.</summary>
    public static Action Before = () => { };

    public static void Case(string name, Action body)
    {
        try
        {
            Before();
            body();
            Console.WriteLine("ok\t" + name);
        }
        catch (Exception fault)
        {
            Console.WriteLine("failed\t" + name + "\t" + OneLine(Causes(fault)));
        }
    }

    public static void Equal<T>(T expected, T actual, string what)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
            throw new Exception($"{what}: {Shown(actual)}, and not {Shown(expected)}");
    }

    public static void Same<T>(IEnumerable<T> expected, IEnumerable<T> actual, string what)
    {
        var found = actual.ToList();
        if (!expected.SequenceEqual(found))
            throw new Exception($"{what}: {Shown(found)}, and not {Shown(expected.ToList())}");
    }

    public static void True(bool condition, string what)
    {
        if (!condition) throw new Exception("It is not so that " + what);
    }

    /// <summary>The exception that a body must end with.</summary>
    public static TException Thrown<TException>(Action body) where TException : Exception
    {
        try
        {
            body();
        }
        catch (TException expected)
        {
            return expected;
        }
        throw new Exception("There was no " + typeof(TException).Name);
    }

    static string Shown(object value)
    {
        var many = value as IList;
        return many == null ? (value ?? "null").ToString() : "[" + string.Join(", ", many.Cast<object>().Select(Shown)) + "]";
    }

    static string Causes(Exception fault) =>
        $"{fault.GetType().Name}: {fault.Message}" + (fault.InnerException == null ? "" : " <- " + Causes(fault.InnerException));

    static string OneLine(string text) => string.Join(" ", text.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries));
}
